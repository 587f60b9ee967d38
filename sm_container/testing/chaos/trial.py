"""One trial: its fault, drawn again where it came too late or too early to tell anything, and its
verdict."""

from __future__ import annotations

from sm_container.harness.job.status import JobStatus
from sm_container.testing.chaos.clearing import Remove, clear_jobs
from sm_container.testing.chaos.course import Course, run_course
from sm_container.testing.chaos.job import trained
from sm_container.testing.chaos.plan import PlannedTrial, Window
from sm_container.testing.chaos.subject import Subject
from sm_container.testing.chaos.undisturbed import Undisturbed
from sm_container.testing.chaos.verdict import TOO_LATE, Verdict, judge
from sm_container.testing.survival.agreement import Criterion

_DRAWS = 5
_SLOWEST_PACE = 0.9
"""Of a trial that was to be as quick as the one before, and ended too early all the same."""


def run_trial(
    subject: Subject,
    planned: PlannedTrial,
    undisturbed: Undisturbed,
    criterion: Criterion,
    remove: Remove,
) -> Verdict:
    """Run a trial after the undisturbed run; ``remove`` deletes the jobs of a draw that told
    nothing. Raises as ``run_course``."""
    window = undisturbed.window
    moment = planned.moment(window)
    draws = 1
    while True:
        course = run_course(subject, planned, moment)
        try:
            why = None if draws == _DRAWS else why_again(course, undisturbed)
            if why is None:
                return judge(planned, moment, course, undisturbed, criterion)
        finally:
            course.close()
        subject.tell(f"  {why}: drawn again")
        for reason in clear_jobs(subject.scratch, [job.name for job in course.jobs], remove):
            subject.tell(f"  not deleted: {reason}")
        draws += 1
        if course.struck:  # too early: half the way to the end
            moment = (moment + window.end) / 2
        else:  # this machine was busier in the undisturbed run
            pace = min(trained(course.record) / window.end, _SLOWEST_PACE)
            window = Window(window.begin * pace, window.end * pace)
            moment = planned.moment(window)


def why_again(course: Course, undisturbed: Undisturbed) -> str | None:
    """Why the moment of a fault tells nothing; None where it does."""
    if not course.struck:
        return TOO_LATE if course.record.status is JobStatus.COMPLETED else None
    has_nothing = course.restored_nothing and undisturbed.checkpoints > 0
    has_only_the_torn = (
        len(course.jobs) > 1 and 0 < course.checkpoints < 2 <= undisturbed.checkpoints
    )
    return "no other checkpoint was in S3 yet" if has_nothing or has_only_the_torn else None
