"""An assertion that an algorithm goes on after its instance was lost."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sm_container.harness.life.checkpoints import checkpoint_place
from sm_container.harness.life.prepare import Prepared
from sm_container.harness.store.folder import JobFolder
from sm_container.testing.assertions.agreeing import (
    agreement,
    criterion,
    incomplete,
    where_models_are,
)
from sm_container.testing.jobs.result import JobResult
from sm_container.testing.jobs.standalone import job_of
from sm_container.testing.jobs.subject import Target
from sm_container.testing.jobs.training_job import TrainingJob
from sm_container.testing.survival.restored import Restored
from sm_container.testing.survival.resumption import resumption_of
from sm_container.testing.survival.watched import Watched

_SHOWN_FILES = 8
_WITHOUT_WARNING = (
    "without a warning S3 has what had arrived by then: a file is uploaded once it has not changed "
    "for a second, if it is still there"
)
_NOTHING_SAVED = (
    "nothing was in /opt/ml/checkpoints when it was interrupted: save checkpoints there, or choose "
    "a later moment"
)


@dataclass(frozen=True)
class Resumed:
    """What was seen. ``how`` says from what the second start went on; ``step`` is that of this
    library's checkpoint, None of others; ``restored`` are the files that the start was given."""

    undisturbed: JobResult
    interrupted: JobResult
    how: str
    step: int | None
    restored: tuple[str, ...]


def assert_resumes(
    job: TrainingJob | Target,
    *,
    at: float | str,
    kill: bool = False,
    tolerance: float | None = None,
    agree_on: str | Sequence[str] = (),
    **fields: Any,
) -> Resumed:
    """Assert that a job which loses its instance goes on from its checkpoints, to the same model.

    It is run once undisturbed, and once interrupted ``at`` a moment of its first start: seconds of
    training, or a regular expression that a line of its log matches. SIGTERM and the grace, or with
    ``kill`` SIGKILL without a warning. The second start must have been given checkpoints, must have
    read some, and must save no step again that it was given.

    The models agree where all files have the same bytes; with ``tolerance``, where the final
    metrics differ by that part at most; with ``agree_on``, where those metrics do. ``job`` is a
    TrainingJob, or an algorithm, program or image, with the ``fields`` of one.

    Raises:
        AssertionError: what was seen, and where to look.
        RequestError, InputError, EngineError: for a job that cannot be run.
    """
    __tracebackhide__ = True
    by = criterion(tolerance, agree_on)
    with job_of(job, fields) as given:
        if given.moments:
            raise ValueError(f"nothing else can befall this job, and {given.moments[0]} is to")
        ready = replace(given, own_process=given.own_process or kill)
        undisturbed = _with_own_checkpoints(ready).run()
        if undisturbed.status != "Completed":
            raise AssertionError(incomplete("undisturbed", undisturbed))
        interrupted, second = _interrupted(_with_own_checkpoints(ready), at, kill)
        if interrupted.status != "Completed":
            raise AssertionError(incomplete("after its interruption", interrupted))
        if not second.resumed:
            raise AssertionError(_why_not_resumed(interrupted, second, kill))
        agreed = agreement(undisturbed, interrupted, by)
        if not agreed.agrees:
            raise AssertionError(
                f"{interrupted.name} {second.how}, but compared with the undisturbed run: "
                f"{agreed.how}\n{where_models_are(undisturbed, interrupted)}"
            )
        return Resumed(undisturbed, interrupted, second.how, second.step, second.files)


@dataclass(frozen=True)
class _SecondStart:
    """What is known of the start after the interruption, once it has ended."""

    resumed: bool
    how: str
    step: int | None
    files: tuple[str, ...]

    @classmethod
    def of(cls, start: Restored) -> _SecondStart:
        found = resumption_of(start)
        return cls(found.resumed, found.how, start.step, start.files)


def _interrupted(job: TrainingJob, at: float | str, kill: bool) -> tuple[JobResult, _SecondStart]:
    watched: list[Watched] = []

    def watch(prepared: Prepared, folder: JobFolder) -> Watched:
        assert prepared.request.checkpoint is not None
        place = checkpoint_place(prepared.request.checkpoint, folder, prepared.hosts[0])
        watched.append(Watched(folder, place.folder.path))
        return watched[-1]

    disturbed = job.kill_after(at) if kill else job.interrupt_after(at)
    try:
        result = disturbed.run([watch])
        return result, _SecondStart.of(watched[0].starts[1])
    finally:
        for each in watched:
            for start in each.starts:
                start.close()


def _with_own_checkpoints(job: TrainingJob) -> TrainingJob:
    """The job with a checkpoint folder of its own: what one run has saved is not for the next."""
    given = job.checkpoints
    if not isinstance(given, str | os.PathLike):
        return replace(job, checkpoints=given or True)
    copy = job.scratch / f"checkpoints-{uuid.uuid4().hex[:8]}"
    shutil.copytree(Path(given), copy)
    return replace(job, checkpoints=copy)


def _why_not_resumed(result: JobResult, start: _SecondStart, kill: bool) -> str:
    shown = ", ".join(start.files[:_SHOWN_FILES]) or "nothing"
    more = len(start.files) - _SHOWN_FILES
    hint = ""
    if not start.files:
        hint = f"\n{_WITHOUT_WARNING if kill else _NOTHING_SAVED}"
    return (
        f"{result.name} did not resume: it has {start.how}\n"
        f"it was given {shown}{f' and {more} more' if more > 0 else ''}{hint}\n{result.where}"
    )
