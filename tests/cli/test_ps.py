"""``ps``: which jobs, and how they are shown."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from sm_container.harness.job.status import Phase
from tests.cli.records import job, stored


@pytest.fixture(autouse=True)
def jobs(desk: Any) -> None:
    for index, (name, state) in enumerate(
        [("one", "Completed"), ("two", "Failed"), ("three", "Stopped"), ("other-one", "Completed")]
    ):
        stored(desk.home, job(name, state, began=1_000_000.0 + index))


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ([], []),
        (["--all"], ["other-one", "three", "two", "one"]),
        (["--status", "failed", "--status", "Stopped"], ["three", "two"]),
        (["--all", "--name", "one"], ["other-one", "one"]),
        (["--all", "--name", "none"], []),
    ],
)
def test_filters(invoke: Any, words: list[str], names: list[str]) -> None:
    assert invoke("ps", *words, "--quiet").stdout.split() == names
    found = json.loads(invoke("ps", *words, "--json").stdout)
    assert [each["TrainingJobName"] for each in found] == names


def test_a_table(invoke: Any) -> None:
    lines = invoke("ps", "--all").stdout.splitlines()

    assert lines[0].split() == ["NAME", "STATUS", "CREATED", "TRAINED", "ENGINE", "TARGET"]
    assert lines[1].split()[:2] == ["other-one", "Completed"]
    assert all(line.endswith("process  /code/train") for line in lines[1:])


def test_a_job_that_was_interrupted_says_how_often_it_began(desk: Any, invoke: Any) -> None:
    record = job("again", "InProgress")
    lost = replace(record.attempts[0], end=record.attempts[0].start, ending=Phase.INTERRUPTED)
    stored(desk.home, replace(record, attempts=(lost, *record.attempts)))
    assert "Training, attempt 2, orphan" in invoke("ps").stdout
    assert json.loads(invoke("ps", "--json").stdout)[0]["SmContainer"]["Attempts"] == 2


def test_an_empty_list_says_what_there_is(invoke: Any) -> None:
    done = invoke("ps")

    assert done.stdout == ""
    assert "sm-container ps --all lists 4 more" in done.stderr


def test_an_unknown_status_is_refused(invoke: Any) -> None:
    done = invoke("ps", "--status", "Dead")

    assert done.exit_code == 2
    assert "inprogress" in done.stderr


def test_a_filter_that_finds_nothing_is_no_idle_home(invoke: Any) -> None:
    assert "no job is running; sm-container ps --all lists 4 more" in invoke("ps").stderr
    assert "no such jobs" in invoke("ps", "--all", "--name", "none").stderr
