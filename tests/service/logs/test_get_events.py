"""One stream's events through boto3: pages in both directions, while the job runs and later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.service.conftest import Service
from tests.service.logs.logfiles import append
from tests.service.test_training_jobs import ended

GROUP = "/aws/sagemaker/TrainingJobs"
STREAM = "big/algo-1-1"
LINES = 25_000


@pytest.fixture
def logs(service: Service) -> Any:
    """A client, and a job whose log has more lines than two pages, four of each millisecond."""
    log = service.home / "jobs" / "big" / "logs" / "algo-1.log"
    append(log, [(1000 + line // 4, b"line %d\n" % line) for line in range(LINES)])
    return service.client("logs")


def read_on(logs: Any, token: str | None = None, **asked: Any) -> Iterator[dict[str, Any]]:
    """Pages forward, until a token comes back."""
    while True:
        more = {"nextToken": token} if token else {}
        page = logs.get_log_events(logGroupName=GROUP, startFromHead=True, **asked, **more)
        yield page
        if page["nextForwardToken"] == token:
            return
        token = page["nextForwardToken"]


def texts(pages: Iterator[dict[str, Any]]) -> list[str]:
    return [event["message"] for page in pages for event in page["events"]]


def test_the_pages_have_every_line_once_and_in_order(logs: Any) -> None:
    pages = list(read_on(logs, logStreamName=STREAM))
    assert [len(page["events"]) for page in pages] == [10_000, 10_000, 5_000, 0]
    assert texts(iter(pages)) == [f"line {line}" for line in range(LINES)]
    event = pages[0]["events"][5]
    assert event == {"timestamp": 1001, "message": "line 5", "ingestionTime": 1001}


def test_backward_pages_do_too_the_newest_page_first(logs: Any) -> None:
    asked: dict[str, Any] = {"logGroupName": GROUP, "logStreamName": STREAM, "limit": 9_000}
    found: list[str] = []
    token = None
    while True:
        page = logs.get_log_events(**asked, **({"nextToken": token} if token else {}))
        found = [event["message"] for event in page["events"]] + found
        if page["nextBackwardToken"] == token:
            break
        token = page["nextBackwardToken"]
    assert found == [f"line {line}" for line in range(LINES)]
    assert page["events"] == []


def test_one_can_turn_round_between_pages(logs: Any) -> None:
    asked: dict[str, Any] = {"logGroupName": GROUP, "logStreamName": STREAM, "limit": 3}
    last = logs.get_log_events(**asked)
    before = logs.get_log_events(nextToken=last["nextBackwardToken"], **asked)
    again = logs.get_log_events(nextToken=before["nextForwardToken"], **asked)
    assert before["events"][-1]["message"] == f"line {LINES - 4}"
    assert again["events"] == last["events"]


def test_times_bound_the_events_from_the_start_on_and_before_the_end(logs: Any) -> None:
    asked: dict[str, Any] = {"logStreamName": STREAM, "startTime": 1002, "endTime": 1004}
    wanted = [f"line {line}" for line in range(8, 16)]
    assert texts(read_on(logs, limit=3, **asked)) == wanted
    page = logs.get_log_events(logGroupName=GROUP, limit=3, **asked)
    assert [each["message"] for each in page["events"]] == wanted[-3:]
    assert texts(read_on(logs, logStreamName=STREAM, startTime=10_000_000)) == []


def test_a_page_has_at_most_a_megabyte(service: Service) -> None:
    log = service.home / "jobs" / "wide" / "logs" / "algo-1.log"
    append(log, [(1000, b"x" * 100_000 + b"\n")] * 25)
    pages = list(read_on(service.client("logs"), logStreamName="wide/algo-1-1"))
    assert [len(page["events"]) for page in pages] == [10, 10, 5, 0]


def test_lines_appear_under_the_same_token_while_the_job_runs(service: Service) -> None:
    sagemaker, logs = service.client("sagemaker"), service.client("logs")
    more = {"HyperParameters": {"epochs": "20", "pause": "0.1"}}
    sagemaker.create_training_job(**service.request("live", **more))
    streams: list[dict[str, Any]] = []
    while not streams:
        streams = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix="live/")[
            "logStreams"
        ]
    name = streams[0]["logStreamName"]
    found: list[str] = []
    token, waits, is_over = None, 0, False
    while True:
        pages = list(read_on(logs, token, logStreamName=name, limit=2))
        found += texts(iter(pages))
        token, waits = pages[-1]["nextForwardToken"], waits + 1
        if is_over:
            break
        is_over = sagemaker.describe_training_job(TrainingJobName="live")[
            "TrainingJobStatus"
        ] in ("Completed", "Failed")  # fmt: skip
    assert waits > 3
    trained = [each for each in found if not each.startswith("sm-train")]
    assert trained == [f"epoch {epoch}: train:rmse={1 / (epoch + 1)}" for epoch in range(20)]
    whole = read_on(logs, logStreamName=name)
    assert texts(whole) == found
    assert ended(sagemaker, "live")["TrainingJobStatus"] == "Completed"


def test_a_token_that_was_not_given_is_refused(logs: Any) -> None:
    page = logs.get_log_events(logGroupName=GROUP, logStreamName=STREAM)
    mark = page["nextForwardToken"].rpartition("/")[2]
    tokens = ("x", "f/0/1", f"f/99999999999/{mark}", "b/1", f"f/-1/{mark}", f"f/{mark}")
    for token in tokens:
        with pytest.raises(logs.exceptions.InvalidParameterException, match="nextToken is invalid"):
            logs.get_log_events(logGroupName=GROUP, logStreamName=STREAM, nextToken=token)


def test_another_stream_does_not_exist(logs: Any) -> None:
    said = "The specified log stream does not exist."
    for stream in (
        "big",
        "big/",
        "big/algo-1-2",
        "big/algo-2-1",
        "nothing/algo-1-1",
        "../jobs/big/algo-1-1",
        "big/../algo-1-1",
        ".creating-1/algo-1-1",
    ):
        with pytest.raises(logs.exceptions.ResourceNotFoundException, match=said):
            logs.get_log_events(logGroupName=GROUP, logStreamName=stream)
