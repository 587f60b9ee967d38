"""Lists, filtered, sorted and in pages, through boto3."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from sm_container.service import tokens
from sm_container.service.errors import ServiceError
from sm_container.service.sagemaker.listing import page_of
from tests.service.conftest import Service, algorithm, ended, running, said

NAMES = ("alpha", "Beta", "delta", "gamma")
PLAN = "arn:aws:sagemaker:us-east-1:000000000000:training-plan/p"


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with the jobs ``NAMES`` in that order of creation, which have ended: gamma has
    failed, delta was of a training plan. It has algorithms of the same names."""
    with running(tmp_path_factory.mktemp("quiet")) as service:
        client = service.client("sagemaker")
        for name in NAMES:
            code = "1" if name == "gamma" else "0"
            hyperparameters = {"epochs": "1", "code": code}
            request = service.request(name, HyperParameters=hyperparameters)
            if name == "delta":
                request["ResourceConfig"]["TrainingPlanArn"] = PLAN
            client.create_training_job(**request)
            client.create_algorithm(**algorithm(name))
        for name in NAMES:
            ended(client, name)
        yield service


@pytest.fixture(scope="module")
def client(quiet: Service) -> Any:
    return quiet.client("sagemaker")


def names(found: dict[str, Any]) -> list[str]:
    if "TrainingJobSummaries" in found:
        return [each["TrainingJobName"] for each in found["TrainingJobSummaries"]]
    return [each["AlgorithmName"] for each in found["AlgorithmSummaryList"]]


LISTS = ["list_training_jobs", "list_algorithms"]


@pytest.mark.parametrize("call", LISTS)
@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, ["alpha", "Beta", "delta", "gamma"]),
        ({"SortOrder": "Ascending"}, ["alpha", "Beta", "delta", "gamma"]),
        ({"SortBy": "CreationTime", "SortOrder": "Descending"}, [*reversed(NAMES)]),
        ({"SortBy": "Name"}, ["Beta", "alpha", "delta", "gamma"]),
        ({"SortBy": "Name", "SortOrder": "Descending"}, ["gamma", "delta", "alpha", "Beta"]),
        ({"NameContains": "lt"}, ["delta"]),
        ({"NameContains": "ta"}, ["Beta", "delta"]),
        ({"NameContains": "none-such"}, []),
        ({"MaxResults": 3}, ["alpha", "Beta", "delta"]),
    ],
)
def test_filters_and_orders(
    client: Any, call: str, members: dict[str, Any], expected: list[str]
) -> None:
    assert names(getattr(client, call)(**members)) == expected


def test_the_order_of_statuses(client: Any) -> None:
    assert names(client.list_training_jobs(SortBy="Status")) == ["Beta", "alpha", "delta", "gamma"]
    assert names(client.list_training_jobs(SortBy="Status", SortOrder="Descending")) == [
        "gamma",
        "delta",
        "alpha",
        "Beta",
    ]


@pytest.mark.parametrize("call", LISTS)
def test_times(client: Any, call: str) -> None:
    listed = getattr(client, call)
    hour = timedelta(hours=1)
    now = datetime.now(timezone.utc)
    assert names(listed(CreationTimeAfter=now - hour)) == list(NAMES)
    assert names(listed(CreationTimeAfter=now + hour)) == []
    assert names(listed(CreationTimeBefore=now + hour)) == list(NAMES)
    assert names(listed(CreationTimeBefore=now - hour)) == []


def test_times_of_change(client: Any) -> None:
    hour = timedelta(hours=1)
    now = datetime.now(timezone.utc)
    assert names(client.list_training_jobs(LastModifiedTimeAfter=now - hour)) == list(NAMES)
    assert names(client.list_training_jobs(LastModifiedTimeAfter=now + hour)) == []
    assert names(client.list_training_jobs(LastModifiedTimeBefore=now - hour)) == []
    assert names(client.list_training_jobs(LastModifiedTimeBefore=now + hour)) == list(NAMES)


def test_a_page_is_cut_before_its_statuses_are_looked_at(client: Any) -> None:
    first = client.list_training_jobs(StatusEquals="Failed", MaxResults=3)
    assert names(first) == []
    second = client.list_training_jobs(
        StatusEquals="Failed", MaxResults=3, NextToken=first["NextToken"]
    )
    assert names(second) == ["gamma"]
    assert "NextToken" not in second


def test_what_no_job_here_has(client: Any) -> None:
    assert names(client.list_training_jobs(WarmPoolStatusEquals="Available")) == []
    assert names(client.list_training_jobs(TrainingPlanArnEquals=f"{PLAN}2")) == []


def test_what_is_of_a_training_plan(client: Any) -> None:
    assert names(client.list_training_jobs(TrainingPlanArnEquals=PLAN)) == ["delta"]
    found = client.list_training_jobs(TrainingPlanArnEquals=PLAN, NameContains="a", SortBy="Name")
    assert names(found) == ["delta"]
    assert names(client.list_training_jobs(TrainingPlanArnEquals=PLAN, NameContains="g")) == []


def test_what_a_summary_says(client: Any) -> None:
    described = client.describe_training_job(TrainingJobName="gamma")
    [found] = client.list_training_jobs(NameContains="gamma")["TrainingJobSummaries"]
    assert found == {
        member: described[member]
        for member in (
            "TrainingJobName",
            "TrainingJobArn",
            "CreationTime",
            "TrainingEndTime",
            "LastModifiedTime",
            "TrainingJobStatus",
            "SecondaryStatus",
        )
    }
    [algorithm] = client.list_algorithms(NameContains="gamma")["AlgorithmSummaryList"]
    assert set(algorithm) == {
        "AlgorithmName",
        "AlgorithmArn",
        "CreationTime",
        "AlgorithmStatus",
    }


@pytest.mark.parametrize("call", LISTS)
@pytest.mark.parametrize("order", ["Ascending", "Descending"])
@pytest.mark.parametrize("sort", ["Name", "CreationTime"])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_paginators(client: Any, call: str, order: str, sort: str, size: int) -> None:
    asked = {"SortBy": sort, "SortOrder": order}
    whole = names(getattr(client, call)(**asked))
    pages = list(client.get_paginator(call).paginate(**asked, PaginationConfig={"PageSize": size}))
    assert len(pages) == -(-len(whole) // size)
    assert [name for page in pages for name in names(page)] == whole


def test_the_paginator_of_tags(client: Any) -> None:
    arn = client.describe_training_job(TrainingJobName="alpha")["TrainingJobArn"]
    tags = [{"Key": f"key-{number:02}", "Value": str(number)} for number in range(50)]
    client.add_tags(ResourceArn=arn, Tags=tags)
    pages = client.get_paginator("list_tags").paginate(ResourceArn=arn)
    assert [tag for page in pages for tag in page["Tags"]] == tags
    client.delete_tags(ResourceArn=arn, TagKeys=[tag["Key"] for tag in tags])
    assert client.list_tags(ResourceArn=arn)["Tags"] == []


@pytest.mark.parametrize("order", ["Ascending", "Descending"])
@pytest.mark.parametrize("sort", ["Name", "CreationTime"])
def test_jobs_that_come_and_go_between_two_pages(service: Service, order: str, sort: str) -> None:
    """Each job that is there all the time is seen once, whatever becomes of the others."""
    client = service.client("sagemaker")
    short = {"HyperParameters": {"epochs": "1"}}
    for name in ("b", "d", "f"):
        client.create_training_job(**service.request(name, **short))
        ended(client, name)
    asked = {"SortBy": sort, "SortOrder": order, "MaxResults": 1}
    page = client.list_training_jobs(**asked)
    seen = names(page)
    client.delete_training_job(TrainingJobName=seen[0])  # the token's own job
    for name in ("a", "e"):
        client.create_training_job(**service.request(name, **short))
        ended(client, name)
    while "NextToken" in page:
        page = client.list_training_jobs(**asked, NextToken=page["NextToken"])
        seen += names(page)
    assert len(seen) == len(set(seen))
    assert {"b", "d", "f"} <= set(seen)
    whole = names(client.list_training_jobs(SortBy=sort, SortOrder=order))
    assert [name for name in whole if name in seen[1:]] == seen[1:]


def test_another_number_of_results_on_the_next_page(client: Any) -> None:
    first = client.list_training_jobs(MaxResults=1)
    second = client.list_training_jobs(MaxResults=3, NextToken=first["NextToken"])
    assert names(first) + names(second) == list(NAMES)


def forged(key: Any, name: Any, query: Any) -> str:
    return tokens.written([key, name], query)


OTHER = "ValidationException: Invalid NextToken: it was not given for this request"


def test_the_token_of_another_request(client: Any) -> None:
    token = client.list_training_jobs(MaxResults=1)["NextToken"]
    listed = client.list_training_jobs
    assert said(listed, NextToken=token, SortBy="Name") == OTHER
    assert said(listed, NextToken=token, NameContains="a") == OTHER
    assert said(listed, NextToken=token, SortOrder="Descending") == OTHER
    assert said(client.list_algorithms, NextToken=token) == OTHER


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "ü",
        "bm8gSlNPTg==",
        base64.urlsafe_b64encode(b"[" * 5000).decode(),
        base64.urlsafe_b64encode(b"5").decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        forged(1.0, 2, {"List": "TrainingJobs"}),
        forged("one", "alpha", {"List": "TrainingJobs"}),
        forged({}, "alpha", {"List": "TrainingJobs"}),
        forged(1.0, "alpha", {}),
    ],
)
def test_a_token_that_nobody_gave(client: Any, token: str) -> None:
    assert said(client.list_training_jobs, NextToken=token) == OTHER


def test_a_token_that_is_too_long(client: Any) -> None:
    assert "Member must have length less than or equal to 8192" in said(
        client.list_training_jobs, NextToken="x" * 8193
    )


@pytest.mark.parametrize("order", ["Ascending", "Descending"])
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_ties(order: str, size: int) -> None:
    """Items of the same key come by their names, in pages as in one list."""
    items = list(itertools.product((1.5, 1.5, 2.5), "cab"))
    items = sorted(set(items), key=lambda item: item[1])
    query: dict[str, Any] = {"SortOrder": order, "MaxResults": size}
    seen: list[tuple[float, str]] = []
    token: str | None = None
    while True:
        given = query if token is None else {**query, "NextToken": token}
        page = page_of("Things", items, given, lambda item: item[1], lambda item: item[0])
        seen += page.items
        token = page.token
        if token is None:
            break
    assert seen == sorted(items, reverse=order == "Descending")


def test_ten_without_a_number() -> None:
    page = page_of("Things", range(11), {}, str, lambda each: each)
    assert len(page.items) == 10
    assert page.token is not None
    with pytest.raises(ServiceError):
        page_of("Others", range(11), {"NextToken": page.token}, str, lambda each: each)
