"""How long a job has trained, when it was told to stop, and how long it took to."""

from __future__ import annotations

from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import Phase


def trained(record: JobRecord) -> float:
    """Seconds of training in all starts of an ended job, up to its stop where it was stopped."""
    return _in(record, Phase.TRAINING)


def stopping(record: JobRecord) -> float:
    """Seconds between SIGTERM and the end of the containers of a job that was stopped."""
    return _in(record, Phase.STOPPING)


def _in(record: JobRecord, phase: Phase) -> float:
    return sum(
        each.end - each.start
        for each in record.transitions
        if each.phase is phase and each.end is not None
    )
