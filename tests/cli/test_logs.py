"""``logs``: whole, tails, hosts, and while they grow."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

from sm_container.harness.logs.capture import times_of
from tests.cli.records import job, request, stored

TWO = request("first", ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 2})


def timed(log: Path, *writes: tuple[int, bytes]) -> None:
    """A log as it was captured: what was written when."""
    times, content = b"", b""
    for moment, data in writes:
        times += struct.pack("<QQ", len(content), moment)
        content += data
    log.parent.mkdir(exist_ok=True)
    log.write_bytes(content)
    times_of(log).write_bytes(times)


def test_the_whole_log_byte_for_byte(desk: Any, invoke: Any) -> None:
    content = b"\xff\xfe one\r\n" + b"x" * 700_000 + b"\nlast\n"
    stored(desk.home, job("first", "Completed"), {"algo-1": content})

    assert invoke("logs", "first").stdout_bytes == content


@pytest.mark.parametrize(
    ("count", "shown"), [("0", b""), ("1", b"50 %\r100 %\n"), ("9", b"a\nb\n50 %\r100 %\n")]
)
def test_a_tail(desk: Any, invoke: Any, count: str, shown: bytes) -> None:
    stored(desk.home, job("first", "Completed"), {"algo-1": b"a\nb\n50 %\r100 %\n"})

    assert invoke("logs", "first", "--tail", count).stdout_bytes == shown
    assert invoke("logs", "first", "--tail", count, "-f").stdout_bytes == shown


def test_no_log_is_an_empty_one(desk: Any, invoke: Any) -> None:
    stored(desk.home, job("first", "Completed"))

    done = invoke("logs", "first")
    assert done.exit_code == 0
    assert done.stdout == ""


def test_several_hosts_are_merged_by_time(desk: Any, invoke: Any) -> None:
    folder = stored(desk.home, job("first", "Completed", document=TWO))
    timed(folder.log("algo-1"), (10, b"a\nb\n"), (30, b"e\n"))
    timed(folder.log("algo-2"), (20, b"c\nd\n"))

    assert invoke("logs", "first").stdout.splitlines() == [
        "algo-1 | a",
        "algo-1 | b",
        "algo-2 | c",
        "algo-2 | d",
        "algo-1 | e",
    ]
    assert invoke("logs", "first", "--host", "algo-2").stdout == "c\nd\n"


def test_an_unknown_host(desk: Any, invoke: Any) -> None:
    stored(desk.home, job("first", "Completed", document=TWO))

    done = invoke("logs", "first", "--host", "algo-3")
    assert done.exit_code == 2
    assert "algo-1, algo-2" in done.stderr


def test_following_a_job_whose_process_is_gone(desk: Any, invoke: Any) -> None:
    stored(desk.home, job("first", "InProgress"), {"algo-1": b"one\n"})

    done = invoke("logs", "-f", "first")

    assert done.exit_code == 125
    assert "sm-container rm first" in done.stderr
