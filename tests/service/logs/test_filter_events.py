"""Events of many streams through boto3: merged, filtered, in pages."""

from __future__ import annotations

from typing import Any

import pytest

from sm_container.service.logs import filter_events as module
from tests.service.conftest import Service
from tests.service.logs.logfiles import append
from tests.service.test_training_jobs import ended

GROUP = "/aws/sagemaker/TrainingJobs"
LATER = 1_800_000_000_000
"""Milliseconds: after 2024, before which the newest event cannot come first."""


def log_of(service: Service, job: str, host: int) -> Any:
    return service.home / "jobs" / job / "logs" / f"algo-{host}.log"


@pytest.fixture
def logs(service: Service) -> Any:
    """A client, and a job of two hosts that write in turns; a second job comes after it."""
    for host in (1, 2):
        writes = [
            (LATER + 2 * turn + host - 1, f"host {host} turn {turn}\n".encode())
            for turn in range(500)
        ]
        append(log_of(service, "pair", host), writes)
    append(log_of(service, "pairs", 1), [(LATER + 2000, b"ERROR at last\n")])
    return service.client("logs")


def found(logs: Any, size: int | None = None, **asked: Any) -> list[str]:
    config = {} if size is None else {"PageSize": size}
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=GROUP, PaginationConfig=config, **asked
    )
    return [event["message"] for page in pages for event in page["events"]]


EVERY = [f"host {host} turn {turn}" for turn in range(500) for host in (1, 2)]


def test_streams_are_one_in_the_order_of_their_times_whatever_the_pages(logs: Any) -> None:
    for size in (None, 1000, 77):
        assert found(logs, size, logStreamNamePrefix="pair/") == EVERY
        assert found(logs, size) == [*EVERY, "ERROR at last"]


def test_the_newest_can_come_first(logs: Any) -> None:
    asked: dict[str, Any] = {"startTime": LATER, "startFromHead": False}
    for size in (None, 1000, 77):
        assert found(logs, size, **asked) == ["ERROR at last", *EVERY[::-1]]


def test_each_filter_leaves_others_out(logs: Any) -> None:
    assert found(logs, logStreamNamePrefix="pairs") == ["ERROR at last"]
    assert found(logs, filterPattern="ERROR") == ["ERROR at last"]
    assert found(logs, filterPattern='"turn 499" -"host 2"') == ["host 1 turn 499"]
    named = [f"pair/algo-2-{LATER // 1000}"]
    assert found(logs, 9, logStreamNames=named) == [each for each in EVERY if "host 2" in each]
    # Both ends are within.
    assert found(logs, startTime=LATER + 3, endTime=LATER + 5) == EVERY[3:6]
    assert found(logs, logStreamNamePrefix="nothing") == []


def test_an_event_has_an_id_that_stays_and_no_other_has(logs: Any) -> None:
    first = logs.filter_log_events(logGroupName=GROUP)["events"]
    again = logs.filter_log_events(logGroupName=GROUP, logStreamNamePrefix="pair/")["events"]
    assert len({each["eventId"] for each in first}) == len(first) == 1001
    assert again == first[:1000]
    assert first[1] == {
        "logStreamName": f"pair/algo-2-{LATER // 1000}",
        "timestamp": LATER + 1,
        "message": "host 2 turn 0",
        "ingestionTime": LATER + 1,
        "eventId": first[1]["eventId"],
    }


def test_what_is_written_late_is_not_passed_over(service: Service, logs: Any) -> None:
    asked: dict[str, Any] = {"logGroupName": GROUP, "logStreamNamePrefix": "pair/", "limit": 1000}
    append(log_of(service, "pair", 1), [(LATER + 3000, b"the end\n")])
    first = logs.filter_log_events(**asked)
    append(log_of(service, "pair", 2), [(LATER + 2999, b"late\n")])  # earlier than what was seen
    rest = logs.filter_log_events(nextToken=first["nextToken"], **asked)
    assert [each["message"] for each in rest["events"]] == ["late", "the end"]


def test_a_page_searches_so_many_bytes_and_may_be_empty(service: Service) -> None:
    lines = module._SEARCHED_BYTES // 100_000
    append(log_of(service, "wide", 1), [(LATER, b"x" * 100_000 + b"\n")] * (2 * lines))
    append(log_of(service, "wide", 1), [(LATER + 1, b"needle\n")])
    logs = service.client("logs")
    page = logs.filter_log_events(logGroupName=GROUP, filterPattern="needle")
    assert page["events"] == []
    assert "nextToken" in page
    assert found(logs, filterPattern="needle") == ["needle"]


def test_what_makes_no_sense_is_refused(logs: Any) -> None:
    refused: list[tuple[dict[str, Any], str]] = [
        ({"logStreamNames": ["a"], "logStreamNamePrefix": "a"}, "cannot both be given"),
        ({"filterPattern": "{ $.loss = 1 }"}, "of JSON"),
        ({"startFromHead": False}, "2024-01-01"),
        ({"startFromHead": False, "startTime": 1}, "2024-01-01"),
        ({"nextToken": "x"}, "nextToken is invalid"),
        ({"limit": 10_001}, "less than or equal to 10000"),
    ]
    for asked, said in refused:
        with pytest.raises(logs.exceptions.InvalidParameterException, match=said):
            logs.filter_log_events(logGroupName=GROUP, **asked)


def test_a_token_of_another_question_is_refused_and_one_of_a_named_stream_must_exist(
    logs: Any,
) -> None:
    token = logs.filter_log_events(logGroupName=GROUP, limit=1)["nextToken"]
    with pytest.raises(logs.exceptions.InvalidParameterException, match="nextToken is invalid"):
        logs.filter_log_events(logGroupName=GROUP, nextToken=token, filterPattern="ERROR")
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="log stream does not"):
        logs.filter_log_events(logGroupName=GROUP, logStreamNames=["pair/algo-3-1"])


def test_jobs_that_run_at_once_are_followed_without_a_line_lost_or_doubled(
    service: Service,
) -> None:
    """As ``aws logs tail --follow``: from the newest time on, without those it has seen."""
    sagemaker, logs = service.client("sagemaker"), service.client("logs")
    more = {"HyperParameters": {"epochs": "15", "pause": "0.05"}}
    for job in ("live-1", "live-2"):
        sagemaker.create_training_job(**service.request(job, **more))
    seen: dict[str, tuple[int, str]] = {}
    asked: dict[str, Any] = {"logGroupName": GROUP, "logStreamNamePrefix": "live-", "limit": 7}
    is_over = False
    while True:
        page = logs.filter_log_events(**asked)
        for event in page["events"]:
            seen.setdefault(event["eventId"], (event["timestamp"], event["message"]))
        asked.pop("nextToken", None)
        if "nextToken" in page:
            asked["nextToken"] = page["nextToken"]
            continue
        if is_over:
            break
        # A host's time is written before its line: what is as new as the newest may still come.
        asked["startTime"] = max((time for time, _ in seen.values()), default=1000) - 1000
        is_over = all(
            sagemaker.describe_training_job(TrainingJobName=job)["TrainingJobStatus"] == "Completed"
            for job in ("live-1", "live-2")
        )
    messages = sorted(message for _, message in seen.values() if message.startswith("epoch"))
    wanted = [f"epoch {epoch}: train:rmse={1 / (epoch + 1)}" for epoch in range(15)]
    assert messages == sorted(wanted * 2)
    assert ended(sagemaker, "live-1")["TrainingJobStatus"] == "Completed"
