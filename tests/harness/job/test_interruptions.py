"""Which attempt is interrupted when."""

from __future__ import annotations

from sm_container.harness.job.interruptions import (
    PlannedInterruption,
    any_planned,
    described,
    planned,
)
from sm_container.harness.job.options import RunOptions


def test_nothing_is_planned_unless_it_is_asked_for() -> None:
    options = RunOptions("image")
    assert planned(options, 1) is None
    assert not any_planned(options)
    assert list(described(options)) == []


def test_each_attempt_has_its_own() -> None:
    options = RunOptions(
        "image",
        grace_seconds=30,
        interrupt_after=(5.0, 0.5),
        kill_after=(7.0,),
        interrupt_every=60.0,
    )
    assert [planned(options, number) for number in range(1, 6)] == [
        PlannedInterruption(5.0, warned=True),
        PlannedInterruption(0.5, warned=True),
        PlannedInterruption(7.0, warned=False),
        PlannedInterruption(60.0, warned=True),
        PlannedInterruption(60.0, warned=True),
    ]
    assert list(described(options)) == [
        "attempt 1 after 5 s of training, by SIGTERM and 30 s of grace",
        "attempt 2 after 0.5 s of training, by SIGTERM and 30 s of grace",
        "attempt 3 after 7 s of training, by SIGKILL",
        "each later attempt after 60 s of training, by SIGTERM and 30 s of grace",
    ]
    assert RunOptions.from_document(options.to_document()) == options


def test_every_attempt_alike() -> None:
    options = RunOptions("image", interrupt_every=9.0)
    assert any_planned(options)
    assert planned(options, 1) == planned(options, 100) == PlannedInterruption(9.0, warned=True)
    assert list(described(options)) == [
        "each attempt after 9 s of training, by SIGTERM and 120 s of grace"
    ]


def test_only_the_first_without_a_warning() -> None:
    options = RunOptions("image", kill_after=(0.0,))
    assert planned(options, 1) == PlannedInterruption(0.0, warned=False)
    assert planned(options, 2) is None
