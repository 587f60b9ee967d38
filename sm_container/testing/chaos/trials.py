"""All trials of a job: the undisturbed run, which says when faults can come, and those with faults.

A fault that came too late or too early to tell anything is drawn again, nearer to the middle.
"""

from __future__ import annotations

from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import JobStatus, Phase
from sm_container.testing.chaos.agreement import Agreement, Criterion, Outcome, compare
from sm_container.testing.chaos.clearing import Remove, clear_jobs
from sm_container.testing.chaos.job import Job, Subject, trained
from sm_container.testing.chaos.plan import PlannedTrial, Window
from sm_container.testing.chaos.stored import Arrivals
from sm_container.testing.chaos.trial import Course, run_trial
from sm_container.testing.chaos.verdict import Resumption, Verdict, has_reason, resumption

_DRAWS = 5
_SLOWEST_PACE = 0.9
"""Of a trial that was to be as quick as the one before, and ended too early all the same."""


class UndisturbedError(Exception):
    """The job does not complete by itself."""


class Trials:
    """The trials of a subject; ``remove`` deletes a job."""

    def __init__(
        self,
        subject: Subject,
        criterion: Criterion,
        remove: Remove,
    ) -> None:
        self.subject = subject
        self.window = Window(0.0, 0.0)
        self._criterion = criterion
        self._remove = remove
        self._expected = Outcome({}, {})
        self._checkpoints = 0

    def undisturbed(self) -> JobRecord:
        """Run the job once as it is.

        Raises:
            UndisturbedError: where it does not complete.
        """
        job = Job(self.subject, "0", 0)
        arrivals = Arrivals(job.prefix)
        try:
            record = job.run(
                lambda phase: arrivals.start() if phase is Phase.TRAINING else None,
            )
        finally:
            job.close()
            arrivals.end()
        if record.status is not JobStatus.COMPLETED:
            raise UndisturbedError(
                f"the undisturbed run {job.name} did not complete: "
                f"{record.failure_reason or record.fault or record.secondary_status.value}"
            )
        self._expected = Outcome.of(record)
        self._checkpoints = arrivals.most
        self.window = Window(arrivals.first or 0.0, trained(record))
        return record

    def run(self, planned: PlannedTrial) -> Verdict:
        """Run one trial after the undisturbed run. Raises as ``run_trial``."""
        window = self.window
        moment = planned.moment(window)
        for draw in range(1, _DRAWS + 1):
            course = run_trial(self.subject, planned, moment)
            try:
                said = self._why_again(course) if draw < _DRAWS else None
                if said is None:
                    return self._judged(planned, moment, course)
            finally:
                course.close()
            self.subject.tell(f"{said}: drawn again")
            names = [job.name for job in course.jobs]
            for reason in clear_jobs(self.subject.scratch, names, self._remove):
                self.subject.tell(f"not deleted: {reason}")
            if course.struck:
                moment = (moment + window.end) / 2
            else:  # this machine was busier in the undisturbed run
                pace = min(trained(course.record) / window.end, _SLOWEST_PACE)
                window = Window(window.begin * pace, window.end * pace)
                moment = planned.moment(window)
        raise AssertionError("the last draw is always judged")

    def _why_again(self, course: Course) -> str | None:
        """Why the moment of a fault tells nothing; None where it does."""
        if not course.struck:
            is_over = course.record.status is JobStatus.COMPLETED
            return "the job had ended before its fault" if is_over else None
        is_short = course.restored_nothing and self._checkpoints > 0
        is_only_one = len(course.jobs) > 1 and 0 < course.checkpoints < 2 <= self._checkpoints
        return "no other checkpoint was in S3 yet" if is_short or is_only_one else None

    def _judged(self, planned: PlannedTrial, moment: float, course: Course) -> Verdict:
        start, reached = course.start, course.reached
        step = None if start is None else start.step
        return Verdict(
            number=planned.number,
            fault=planned.fault,
            moment=moment if course.struck else None,
            jobs=tuple(job.name for job in course.jobs),
            resumption=_resumption(course),
            agreement=self._agreement(course.record),
            restored=() if start is None else start.files,
            from_step=step,
            steps_lost=None if step is None or reached is None else max(0, reached - step),
            seconds_lost=max(0.0, course.trained - self.window.end) if course.struck else None,
            reason=None if course.failed is None else course.failed.failure_reason,
        )

    def _agreement(self, record: JobRecord) -> Agreement:
        if record.status is not JobStatus.COMPLETED:
            why = record.failure_reason or record.fault or record.secondary_status.value
            return Agreement(False, f"and it did not complete: {why}")
        return compare(self._expected, Outcome.of(record), self._criterion)


def _resumption(course: Course) -> Resumption:
    if not course.struck:
        return Resumption(False, "the job had ended before its fault")
    if course.failed is not None and not has_reason(course.failed):
        return Resumption(False, "it failed without a reason in /opt/ml/output/failure")
    if course.start is None:
        if course.record.status is JobStatus.COMPLETED:
            return Resumption(True, "survived")
        return Resumption(False, "did not start again")
    return resumption(course.start)
