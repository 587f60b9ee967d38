"""What happens in a trial: a job that suffers a fault, and the start after it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import JobStatus, Phase
from sm_container.testing.chaos.job import Job, trained
from sm_container.testing.chaos.plan import Fault, PlannedTrial
from sm_container.testing.chaos.stored import stored_checkpoints, tear
from sm_container.testing.chaos.subject import Subject
from sm_container.testing.survival.disk import Disk
from sm_container.testing.survival.restored import Restored

_UNTIL_STOPPED = 3600.0


@dataclass
class Course:
    """What happened. ``record`` is that of the last job, ``trained`` the seconds of training in
    all.

    ``start`` is the start after the fault; None where there was none, since the job ended before
    the fault (``struck`` is False), or survived it. ``failed`` is the job that the fault made fail.
    """

    jobs: list[Job]
    struck: bool
    record: JobRecord
    trained: float
    start: Restored | None = None
    failed: JobRecord | None = None
    checkpoints: int = 0
    """How many were in S3 when the torn one was torn."""

    @property
    def reached(self) -> int | None:
        """The last step that this library had saved before the fault."""
        return next(iter(self.jobs[0].watched.reached), None)

    @property
    def restored_nothing(self) -> bool:
        return self.start is not None and not self.start.files

    def close(self) -> None:
        for job in self.jobs:
            job.close()


def run_course(subject: Subject, planned: PlannedTrial, moment: float) -> Course:
    """Run the jobs of a trial whose fault comes ``moment`` seconds after its training began.

    Raises:
        EngineError, StorageError, MountError: where the fault cannot be made.
        KeyboardInterrupt: where somebody stopped a job.
    """
    return _COURSES[planned.fault](subject, planned, moment)


def _interrupted(subject: Subject, planned: PlannedTrial, moment: float) -> Course:
    """A job that is interrupted, and goes on by itself."""
    how = "interrupt_after" if planned.fault is Fault.SIGTERM else "kill_after"
    job = Job(subject, str(planned.number), planned.number, **{how: (moment,)})
    record = job.run()
    starts = job.watched.starts
    return Course(
        jobs=[job],
        struck=_was_interrupted(record),
        record=record,
        trained=trained(record),
        start=starts[-1] if len(starts) > 1 else None,
    )


def _torn(subject: Subject, planned: PlannedTrial, moment: float) -> Course:
    """A job that is lost without a warning, and another one over the same checkpoints."""
    job = Job(
        subject,
        str(planned.number),
        planned.number,
        kill_after=(moment,),
        spot_wait_seconds=_UNTIL_STOPPED,
    )

    def stop_when_lost(phase: Phase) -> None:
        if phase is Phase.INTERRUPTED:
            job.folder.stop_request.touch()

    record = job.run(stop_when_lost)
    if not _was_interrupted(record):
        return Course([job], struck=False, record=record, trained=trained(record))
    count = len(stored_checkpoints(job.prefix))
    tear(job.prefix, planned.choice)
    course = _followed(subject, planned, job, record)
    course.checkpoints = count
    return course


def _filled(subject: Subject, planned: PlannedTrial, moment: float) -> Course:
    """A job whose disk becomes full. Where it fails, another one over the same checkpoints."""
    job = Job(subject, str(planned.number), planned.number)
    disk = Disk(job.watched.checkpoints)

    def use_disk(phase: Phase) -> None:
        if phase is Phase.IMAGE:
            disk.mount()
        elif phase is Phase.TRAINING:
            disk.fill_after(moment)
        elif phase is Phase.REPLACING:
            disk.close()  # the next attempt has a tree of its own

    with ExitStack() as stack:
        stack.callback(disk.close)
        record = job.run(use_disk)
    if record.status is JobStatus.COMPLETED or not disk.is_full:
        return Course([job], struck=disk.is_full, record=record, trained=trained(record))
    course = _followed(subject, planned, job, record)
    course.failed = record
    return course


def _followed(subject: Subject, planned: PlannedTrial, job: Job, record: JobRecord) -> Course:
    """The course once the job that the fault has ended is followed by another."""
    following = Job(subject, f"{planned.number}-2", planned.number)
    last = following.run()
    starts = following.watched.starts
    return Course(
        jobs=[job, following],
        struck=True,
        record=last,
        trained=trained(record) + trained(last),
        start=starts[-1] if starts else None,
    )


def _was_interrupted(record: JobRecord) -> bool:
    return any(each.phase is Phase.INTERRUPTED for each in record.transitions)


_COURSES: dict[Fault, Callable[[Subject, PlannedTrial, float], Course]] = {
    Fault.SIGTERM: _interrupted,
    Fault.KILL: _interrupted,
    Fault.TORN_UPLOAD: _torn,
    Fault.FULL_DISK: _filled,
}
