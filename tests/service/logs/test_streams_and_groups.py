"""Groups and streams through boto3."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.service.conftest import Service
from tests.service.logs.logfiles import append
from tests.service.test_training_jobs import ended

GROUP = "/aws/sagemaker/TrainingJobs"
ARN = f"arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}"


@pytest.fixture
def logs(service: Service) -> Any:
    """A client, and three jobs of which one has four hosts and one has written nothing."""
    for job, hosts in (("one", 4), ("one-more", 1), ("quiet", 0)):
        for number in range(1, hosts + 1):
            log = service.home / "jobs" / job / "logs" / f"algo-{number}.log"
            append(log, [(number * 1000, b"first\n"), (number * 1000 + 500, b"last\n")])
        (service.home / "jobs" / job).mkdir(parents=True, exist_ok=True)
    return service.client("logs")


def names(answer: dict[str, Any]) -> list[str]:
    return [each["logStreamName"] for each in answer["logStreams"]]


def test_the_stream_of_a_job_tells_what_its_log_is(service: Service) -> None:
    service.client("sagemaker").create_training_job(**service.request("job"))
    ended(service.client("sagemaker"), "job")

    answer = service.client("logs").describe_log_streams(
        logGroupName=GROUP, logStreamNamePrefix="job/", orderBy="LogStreamName", limit=1
    )

    [stream] = answer["logStreams"]
    assert "nextToken" not in answer
    seconds = stream["firstEventTimestamp"] // 1000
    assert stream["logStreamName"] == f"job/algo-1-{seconds}"
    assert stream["arn"] == f"{ARN}:log-stream:job/algo-1-{seconds}"
    assert stream["firstEventTimestamp"] <= stream["lastEventTimestamp"]
    assert stream["storedBytes"] == 0


def test_streams_come_in_pages_in_each_order(logs: Any) -> None:
    every = ["one-more/algo-1-1", *(f"one/algo-{number}-{number}" for number in range(1, 5))]
    pages = logs.get_paginator("describe_log_streams")

    def listed(**asked: Any) -> list[str]:
        found = pages.paginate(logGroupName=GROUP, PaginationConfig={"PageSize": 2}, **asked)
        return [name for page in found for name in names(page)]

    assert listed() == every
    assert listed(descending=True) == every[::-1]
    assert listed(orderBy="LastEventTime", descending=True) == [
        "one/algo-4-4", "one/algo-3-3", "one/algo-2-2", "one/algo-1-1", "one-more/algo-1-1"
    ]  # fmt: skip
    assert listed(logStreamNamePrefix="one/") == every[1:]
    assert listed(logStreamNamePrefix="one/algo-2") == ["one/algo-2-2"]
    assert listed(logStreamNamePrefix="quiet") == []


def test_a_page_that_holds_all_has_no_token(logs: Any) -> None:
    """The SageMaker SDK asks for as many as its job has hosts, and never for a next page."""
    answer = logs.describe_log_streams(
        logGroupName=GROUP, logStreamNamePrefix="one/", orderBy="LogStreamName", limit=4
    )
    assert len(names(answer)) == 4
    assert "nextToken" not in answer


def test_the_group_is_named_in_three_ways_and_described(logs: Any) -> None:
    [group] = logs.describe_log_groups()["logGroups"]
    assert group["logGroupName"] == GROUP
    assert group["logGroupArn"] == ARN
    assert group["arn"] == f"{ARN}:*"
    assert group["storedBytes"] == 5 * len("first\nlast\n")
    [brief] = logs.describe_log_groups(logGroupNamePattern="TrainingJobs")["logGroups"]
    assert set(brief) == {"logGroupName", "arn", "creationTime"}
    streams = names(logs.describe_log_streams(logGroupName=GROUP))
    for named in (GROUP, ARN):
        assert logs.describe_log_groups(logGroupIdentifiers=[named])["logGroups"] == [group]
        assert names(logs.describe_log_streams(logGroupIdentifier=named)) == streams


def test_each_filter_of_groups_can_leave_it_out(logs: Any) -> None:
    filters: list[dict[str, Any]] = [
        {"logGroupNamePrefix": "/aws/lambda"},
        {"logGroupNamePattern": "trainingjobs"},
        {"logGroupClass": "DELIVERY"},
        {"logGroupIdentifiers": ["/aws/sagemaker/ProcessingJobs"]},
        {"includeLinkedAccounts": True, "accountIdentifiers": ["111111111111"]},
    ]
    for asked in filters:
        assert logs.describe_log_groups(**asked)["logGroups"] == []


def test_what_makes_no_sense_is_refused(logs: Any) -> None:
    named = {"logGroupName": GROUP}
    by_time = {"orderBy": "LastEventTime", "logStreamNamePrefix": "one"}
    refused: list[tuple[str, dict[str, Any], str]] = [
        ("describe_log_streams", {}, "Exactly one of"),
        ("describe_log_streams", {**named, "logGroupIdentifier": GROUP}, "Exactly one of"),
        ("describe_log_streams", {**named, **by_time}, "Cannot order by LastEventTime with a"),
        ("describe_log_streams", {**named, "nextToken": "x"}, "nextToken is invalid"),
        ("describe_log_streams", {**named, "limit": 51}, "less than or equal to 50"),
        ("describe_log_streams", {"logGroupName": "a b"}, "regular expression pattern"),
        ("describe_log_groups", {"nextToken": "x"}, "nextToken is invalid"),
        (
            "describe_log_groups",
            {"logGroupNamePrefix": "/aws", "logGroupNamePattern": "aws"},
            "mutually exclusive",
        ),
        (
            "describe_log_groups",
            {"logGroupIdentifiers": [GROUP], "logGroupNamePrefix": "/aws"},
            "cannot be combined with logGroupNamePrefix",
        ),
        ("describe_log_groups", {"accountIdentifiers": ["000000000000"]}, "includeLinkedAccounts"),
    ]
    for operation, asked, said in refused:
        with pytest.raises(logs.exceptions.InvalidParameterException, match=said):
            getattr(logs, operation)(**asked)


def test_another_group_does_not_exist(logs: Any) -> None:
    said = "The specified log group does not exist."
    more = {"get_log_events": {"logStreamName": "one/algo-1-1"}}
    for operation in ("describe_log_streams", "get_log_events", "filter_log_events"):
        for named in ({"logGroupName": "/aws/lambda"}, {"logGroupIdentifier": ARN[:-1]}):
            with pytest.raises(logs.exceptions.ResourceNotFoundException, match=said):
                getattr(logs, operation)(**named, **more.get(operation, {}))


def test_an_operation_that_is_not_there_names_those_that_are(logs: Any) -> None:
    with pytest.raises(ClientError, match="of CloudWatch Logs there are: DescribeLogGroups"):
        logs.create_log_group(logGroupName="mine")
