"""The undisturbed run: what the trials are held against, and when their faults can come."""

from __future__ import annotations

from dataclasses import dataclass

from sm_container.harness.job.status import JobStatus, Phase
from sm_container.testing.chaos.arrivals import Arrivals
from sm_container.testing.chaos.job import Job, trained, why_incomplete
from sm_container.testing.chaos.plan import Window
from sm_container.testing.chaos.subject import Subject
from sm_container.testing.survival.agreement import Outcome


class UndisturbedError(Exception):
    """The job does not complete by itself."""


@dataclass(frozen=True)
class Undisturbed:
    """What the job leaves where nothing befalls it, and the most whole checkpoints that were in S3
    at once while it trained."""

    window: Window
    outcome: Outcome
    checkpoints: int


def run_undisturbed(subject: Subject) -> Undisturbed:
    """Run the job once as it is.

    Raises:
        UndisturbedError: where it does not complete.
        StorageError: where S3 cannot be asked meanwhile.
        KeyboardInterrupt: where somebody stopped it.
    """
    job = Job(subject, "0", 0)
    arrivals = Arrivals(job.prefix)
    try:
        record = job.run(lambda phase: arrivals.start() if phase is Phase.TRAINING else None)
    finally:
        job.close()
        arrivals.end()
    if record.status is not JobStatus.COMPLETED:
        raise UndisturbedError(
            f"the undisturbed run {job.name} did not complete: {why_incomplete(record)}"
        )
    return Undisturbed(
        window=Window(arrivals.first or 0.0, trained(record)),
        outcome=Outcome.of(record),
        checkpoints=arrivals.most,
    )
