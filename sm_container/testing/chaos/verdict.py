"""What a trial has shown: whether the job went on, from where, what was lost, and whether its model
is the one of the undisturbed run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sm_container.harness.job.record import JobRecord
from sm_container.testing.chaos.agreement import Agreement
from sm_container.testing.chaos.plan import Fault
from sm_container.testing.chaos.restored import Restored

_WORDLESS = re.compile(r"AlgorithmError: , exit code: [0-9]+")


@dataclass(frozen=True)
class Resumption:
    """Whether the start after the fault went on, and ``how`` in words."""

    resumed: bool
    how: str


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


def resumption(start: Restored) -> Resumption:
    """What the start after the fault, which has ended, made of what it was given."""
    if not start.files:
        return Resumption(False, "begun again from nothing")
    if start.has_library_checkpoints and start.step is None:
        return Resumption(False, "begun again: no checkpoint that was restored is whole")
    if start.was_read() is False:
        return Resumption(False, "begun again: nothing that was restored was read")
    again = start.repeated_step
    if again is not None:
        return Resumption(False, f"begun again: step {again} was saved once more")
    if start.step is not None:
        return Resumption(True, f"resumed from step {start.step}")
    files = "1 file" if len(start.files) == 1 else f"{len(start.files)} files"
    seen = "" if start.was_read() else " (whether they were read is not known on this disk)"
    return Resumption(True, f"resumed from {files}{seen}")


def has_reason(record: JobRecord) -> bool:
    """Whether a failed algorithm has said why."""
    return bool(record.failure_reason) and _WORDLESS.fullmatch(record.failure_reason or "") is None
