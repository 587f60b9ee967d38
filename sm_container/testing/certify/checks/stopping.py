"""Whether SIGTERM ends training in time, and an interruption only delays it."""

from __future__ import annotations

from sm_container.contract.checkpoints import is_upload_marker
from sm_container.testing.certify.bench import Bench
from sm_container.testing.certify.check import Check, Finding, Profile
from sm_container.testing.certify.ends import was_killed
from sm_container.testing.jobs.moments import Event, MissedMomentError, Moment
from sm_container.testing.jobs.result import JobResult

_STOP = "StopTrainingJob"
_MIDDLE = 0.5
_SOONER = 0.25
_BRIEF = (
    "it trains for {seconds:.1f} s, too briefly to be stopped in the middle: give it more to do"
)


def _stops(bench: Bench) -> Finding:
    result = _at_the_middle(bench, Event.STOP)
    if result is None:
        return Finding.not_applicable(_BRIEF.format(seconds=bench.seconds))
    if was_killed(result):
        return Finding.failed(f"SIGTERM did not end it within {bench.options.grace_seconds:g} s")
    took = _seconds_to_stop(result)
    if not result.has_model:
        return Finding.failed(f"it ended {took:.1f} s after SIGTERM and left no model")
    return Finding.passed(f"it ended {took:.1f} s after SIGTERM, and left a model")


def _stops_early(bench: Bench) -> Finding:
    try:
        result = bench.run("start-up", moments=[Moment(Event.STOP, 0.0)])
    except MissedMomentError:
        return Finding.not_applicable(_BRIEF.format(seconds=bench.seconds))
    if was_killed(result):
        return Finding.failed(
            f"SIGTERM while it started did not end it within {bench.options.grace_seconds:g} s"
        )
    return Finding.passed(f"it ended {_seconds_to_stop(result):.1f} s after SIGTERM")


def _resumes(bench: Bench) -> Finding:
    kept = (each for each in bench.sound.checkpoints.rglob("*") if each.is_file())
    if all(is_upload_marker(each.name) for each in kept):
        return Finding.not_applicable("it writes no checkpoints")
    result = _at_the_middle(bench, Event.INTERRUPT)
    if result is None:
        return Finding.not_applicable(_BRIEF.format(seconds=bench.seconds))
    if result.status != "Completed":
        return Finding.failed(f"started again over its checkpoints, it fails: {result.reason}")
    if result.starts < 2:
        return Finding.not_applicable("it had ended before it was interrupted")
    restored = sum(each.restored for each in result.record.checkpoints)
    if not restored:
        return Finding.not_applicable("no checkpoint had come to S3 before it was interrupted")
    if not result.has_model:
        return Finding.failed("started again over its checkpoints, it leaves no model")
    return Finding.passed(
        f"completes in {result.starts} starts, with {restored} files of checkpoints restored"
    )


def _at_the_middle(bench: Bench, event: Event) -> JobResult | None:
    """A run to which something comes while it trains; None where it always ends before."""
    for part in (_MIDDLE, _SOONER):
        try:
            return bench.run(
                f"{event.name.lower()}-{part:g}".replace(".", "-"),
                moments=[Moment(event, bench.seconds * part)],
            )
        except MissedMomentError:
            continue
    return None


def _seconds_to_stop(result: JobResult) -> float:
    stopping = [each for each in result.record.transitions if each.phase.name == "STOPPING"]
    return sum((each.end or each.start) - each.start for each in stopping)


CHECKS = (
    Check(
        "stop",
        "SIGTERM ends training within the grace, with a model saved",
        "StopTrainingJob, time limits and tuning jobs end training so; what is in the model folder "
        "120 seconds later is the model.",
        "Handle SIGTERM, or look at job.stop.requested; save the best model so far.",
        _STOP,
        _stops,
    ),
    Check(
        "stop-start-up",
        "SIGTERM while it starts ends it too",
        "A job can be stopped at any moment; imports and loading of data are a good part of many.",
        "Make sm-train the entry point: it hears SIGTERM from its first moment.",
        _STOP,
        _stops_early,
    ),
    Check(
        "checkpoints-resume",
        "Interrupted, it goes on from its checkpoints",
        "Spot instances are taken away; without a resume all the time until then is lost.",
        "Save with job.checkpoints, and begin with job.checkpoints.latest().",
        "developer guide, Use Checkpoints in Amazon SageMaker; Managed Spot Training",
        _resumes,
        Profile.BASIC,
    ),
)
