"""Whether an interruption only delays training."""

from __future__ import annotations

from contextlib import closing

from sm_container.contract.checkpoints import is_upload_marker
from sm_container.harness.text import duration
from sm_container.testing.certify.bench import Bench
from sm_container.testing.certify.check import Check, Finding
from sm_container.testing.certify.ends import shortfall
from sm_container.testing.certify.likeness import likeness
from sm_container.testing.certify.running import Starts
from sm_container.testing.jobs.moments import Event, MissedMomentError, Moment
from sm_container.testing.survival.restored import Restored

_MIDDLE, _SOONER, _LATER = 0.5, 0.25, 0.75
_SOURCE = "developer guide, Use Checkpoints in Amazon SageMaker"


def _resumes(bench: Bench) -> Finding:
    kept = (each for each in bench.sound.checkpoints.rglob("*") if each.is_file())
    if all(is_upload_marker(each.name) for each in kept):
        return Finding.not_applicable("it writes no checkpoints")
    try:
        finding = _interrupted_at(bench, _MIDDLE) or _interrupted_at(bench, _LATER)
    except MissedMomentError:  # the sound run was the slower one
        try:
            finding = _interrupted_at(bench, _SOONER)
        except MissedMomentError:
            finding = None
    return finding or Finding.not_applicable(
        f"it trains for {duration(bench.seconds)}, too briefly to be interrupted between a "
        "checkpoint and its end: give it more to do"
    )


def _interrupted_at(bench: Bench, part: float) -> Finding | None:
    """What an interruption after a part of its training shows; None where no checkpoint was there
    yet. Raises MissedMomentError."""
    moment = Moment(Event.INTERRUPT, part * bench.seconds)
    with closing(Starts()) as starts:
        result = bench.run(f"interrupted-{100 * part:.0f}", moments=[moment], starts=starts)
        restored = starts.found[-1]
        if not restored.files:
            return None
        count = len(restored.files)
        files = "1 file of checkpoints" if count == 1 else f"{count} files of checkpoints"
        fault = shortfall(bench, result) or _begun_again(restored)
        if fault is not None:
            return Finding.failed(f"started again over {files}: {fault}")
        how = f"from step {restored.step}" if restored.step is not None else f"from {files}"
        unseen = "" if restored.was_read() else ", though it is not known here whether it read them"
    return Finding.passed(
        f"interrupted after {moment.when:.1f} s it goes on {how}{unseen}, and makes "
        f"{likeness(bench, result)}"
    )


def _begun_again(start: Restored) -> str | None:
    """What shows that a start has made nothing of what it was given; None where nothing does."""
    if start.has_library_checkpoints and start.step is None:
        return "none of the checkpoints is whole"
    if start.was_read() is False:
        return "it has read none of them, and began again"
    if start.repeated_step is not None:
        return f"it has saved step {start.repeated_step} once more"
    return None


def _absent(bench: Bench) -> Finding:
    fault = shortfall(bench, bench.again)
    if fault is not None:
        return Finding.failed(f"without a CheckpointConfig: {fault}")
    return Finding.passed("completes without a CheckpointConfig")


CHECKS = (
    Check(
        "checkpoints-resume",
        "Interrupted, it goes on from its checkpoints",
        "Spot instances are taken away, and without a resume all the time until then is lost.",
        "Save with job.checkpoints, and begin with job.checkpoints.latest(). sm-container chaos "
        "tries it at random moments, and without any warning.",
        f"{_SOURCE}; Managed Spot Training",
        _resumes,
    ),
    Check(
        "checkpoints-absent",
        "It trains without a CheckpointConfig",
        "Most jobs have none, and the folder /opt/ml/checkpoints may then not be there.",
        "Make the folder before you write to it, as job.checkpoints does.",
        f"{_SOURCE}; that the folder may be missing is observed",
        _absent,
    ),
)
