"""Statuses and attempts on one line."""

from __future__ import annotations

from sm_container.harness.job.attempts import AttemptRecord, Interruption
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import Phase
from sm_container.harness.report.timeline import timeline
from tests.cli.records import job


def interrupted(times: int) -> JobRecord:
    """Created at 1000; each attempt lasts ten seconds, and the last goes on."""
    lost = tuple(
        AttemptRecord(
            1000.0 + 10 * each,
            1010.0 + 10 * each,
            Phase.INTERRUPTED,
            interruption=Interruption(1008.0 + 10 * each, each % 2 == 0),
        )
        for each in range(times)
    )
    attempts = (*lost, AttemptRecord(1000.0 + 10 * times))
    return job("a", "InProgress", began=1000.0, attempts=attempts)


def test_statuses_one_after_the_other() -> None:
    [lane] = timeline(job("a", "Completed", began=1000.0), until=1012.0).lanes

    assert [bar.kind for bar in lane.bars] == [
        *("starting", "starting", "downloading", "training", "training", "uploading")
    ]
    assert lane.bars[0].left == 0
    assert lane.bars[-1].left + lane.bars[-1].width == 100
    assert lane.bars[-1].title == "Uploading, 2.0 s: Uploading generated training model"


def test_totals_by_status() -> None:
    assert timeline(job("a", "Completed", began=1000.0), until=1012.0).legend == (
        ("starting", "Starting", "4.0 s"),
        ("downloading", "Downloading", "2.0 s"),
        ("training", "Training", "4.0 s"),
        ("uploading", "Uploading", "2.0 s"),
    )


def test_attempts_and_their_interruptions() -> None:
    drawn = timeline(interrupted(2), until=1040.0)

    assert [lane.label for lane in drawn.lanes[1:]] == [
        "attempt 1: Interrupted after 10 s (SIGTERM)",
        "attempt 2: Interrupted after 10 s (SIGKILL, without a warning)",
        "attempt 3: goes on after 20 s",
    ]
    assert [(bar.left, bar.width) for lane in drawn.lanes[1:] for bar in lane.bars] == [
        *((0, 25), (25, 25), (50, 50))
    ]
    assert [(mark.at, mark.title) for mark in drawn.lanes[2].marks] == [
        (45, "SIGKILL, without a warning, 8.0 s into attempt 2")
    ]


def test_many_attempts_are_not_all_drawn() -> None:
    drawn = timeline(interrupted(100), until=2100.0)
    assert len(drawn.lanes) == 31
    assert drawn.hidden == 71
    assert drawn.lanes[-1].label.startswith("attempt 101")


def test_a_job_of_this_moment() -> None:
    record = job("a", "InProgress", began=1000.0, transitions=(), attempts=())
    drawn = timeline(record, until=1000.0)
    assert drawn.lanes[0].bars == ()
    assert drawn.legend == ()
