"""What a trial has shown: whether the job went on, from where, what was lost, and whether its model
is the one of the undisturbed run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import JobStatus
from sm_container.testing.chaos.course import Course
from sm_container.testing.chaos.job import why_incomplete
from sm_container.testing.chaos.plan import Fault, PlannedTrial
from sm_container.testing.chaos.undisturbed import Undisturbed
from sm_container.testing.survival.agreement import Agreement, Criterion, Outcome, compare
from sm_container.testing.survival.resumption import Resumption, resumption_of

TOO_LATE = "the job had ended before its fault"

_WORDLESS = re.compile(r"AlgorithmError: , exit code: [0-9]+")


@dataclass(frozen=True)
class Verdict:
    """One trial. Times are seconds; ``moment`` is None where the fault never came.

    ``from_step`` and ``steps_lost`` are known of this library's checkpoints, ``restored`` are the
    files of others too. ``seconds_lost`` is what was trained beyond the undisturbed run, the start
    of the program included. ``reason`` is what the algorithm said of a full disk.
    """

    number: int
    fault: Fault
    moment: float | None
    jobs: tuple[str, ...]
    resumption: Resumption
    agreement: Agreement
    restored: tuple[str, ...] = ()
    from_step: int | None = None
    steps_lost: int | None = None
    seconds_lost: float | None = None
    reason: str | None = None

    @property
    def is_good(self) -> bool:
        return self.resumption.resumed and self.agreement.agrees

    @property
    def sentence(self) -> str:
        when = "" if self.moment is None else f" after {self.moment:.1f} s"
        return f"{self.fault.words}{when}: {self.resumption.how}, {self.agreement.how}"

    def to_document(self) -> dict[str, Any]:
        return {
            "Trial": self.number,
            "Fault": self.fault.value,
            "AfterSeconds": self.moment,
            "Jobs": list(self.jobs),
            "Resumed": self.resumption.resumed,
            "How": self.resumption.how,
            "RestoredFiles": list(self.restored),
            "FromStep": self.from_step,
            "StepsLost": self.steps_lost,
            "SecondsLost": self.seconds_lost,
            "ModelAgrees": self.agreement.agrees,
            "Agreement": self.agreement.how,
            "Reason": self.reason,
        }


def judge(
    planned: PlannedTrial,
    moment: float,
    course: Course,
    undisturbed: Undisturbed,
    criterion: Criterion,
) -> Verdict:
    """What the course of a trial shows, whose fault was to come after ``moment`` seconds.

    Raises:
        OSError, tarfile.TarError: where its model cannot be read.
    """
    step = None if course.start is None else course.start.step
    steps_lost = None
    if step is not None and course.reached is not None:
        steps_lost = max(0, course.reached - step)
    seconds_lost = max(0.0, course.trained - undisturbed.window.end)
    return Verdict(
        number=planned.number,
        fault=planned.fault,
        moment=moment if course.struck else None,
        jobs=tuple(job.name for job in course.jobs),
        resumption=_resumption(course),
        agreement=_agreement(course.record, undisturbed, criterion),
        restored=() if course.start is None else course.start.files,
        from_step=step,
        steps_lost=steps_lost,
        seconds_lost=seconds_lost if course.struck else None,
        reason=None if course.failed is None else course.failed.failure_reason,
    )


def _agreement(record: JobRecord, undisturbed: Undisturbed, criterion: Criterion) -> Agreement:
    if record.status is not JobStatus.COMPLETED:
        return Agreement(False, f"and it did not complete: {why_incomplete(record)}")
    return compare(undisturbed.outcome, Outcome.of(record), criterion)


def _resumption(course: Course) -> Resumption:
    if not course.struck:
        return Resumption(False, TOO_LATE)
    if course.failed is not None and not _has_reason(course.failed):
        return Resumption(False, "it failed without a reason in /opt/ml/output/failure")
    if course.start is not None:
        return resumption_of(course.start)
    if course.record.status is JobStatus.COMPLETED:
        return Resumption(True, "survived")
    return Resumption(False, "did not start again")


def _has_reason(record: JobRecord) -> bool:
    """Whether a failed algorithm has said why."""
    return bool(record.failure_reason) and _WORDLESS.fullmatch(record.failure_reason or "") is None
