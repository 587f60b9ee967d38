"""The bench: the job that is certified, run as it is and with one thing changed at a time."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from sm_container.declaration.specification import Specification
from sm_container.harness.engines.container import ContainerEngine
from sm_container.harness.engines.detect import choose
from sm_container.harness.engines.engine import Engine, ImageTarget, Notes, ProgramTarget, unheard
from sm_container.harness.job.options import RunOptions
from sm_container.harness.life.prepare import Prepared, prepare
from sm_container.harness.request.parse import parse_request
from sm_container.harness.request.training_request import ChannelRequest, TrainingRequest
from sm_container.harness.store.home import Home
from sm_container.harness.store.series import points
from sm_container.testing.certify.changes import Change, Document, as_it_is, without_checkpoints
from sm_container.testing.certify.image import ImageFacts, image_facts
from sm_container.testing.certify.running import Starts, run_to_end
from sm_container.testing.certify.seconds import trained
from sm_container.testing.certify.writes import Writes
from sm_container.testing.jobs.describing import HOST
from sm_container.testing.jobs.moments import Moment
from sm_container.testing.jobs.result import JobResult
from sm_container.testing.survival.agreement import Outcome as ModelOutcome

_NAME_LIMIT = 63
_LABEL_LIMIT = 30
_NO_NAME = re.compile("[^a-zA-Z0-9]+")
_LEAST_LIMIT = 60
_SLOWER = 10
_OF_THE_TARGET = "ClientError: Artifact upload failed:"
"""What the algorithm has left could not be saved."""


class UntriedError(Exception):
    """A job could not be run, for a reason that is not the target's."""

    is_of_the_sound_job = False


@dataclass
class Bench:
    """Where checks run jobs. ``request`` is the sound job's; ``specification`` is what the
    algorithm declares, where that is known; ``place`` is a folder for what the jobs leave. Every
    job has a CheckpointConfig, in a folder of its own, whatever the request has."""

    home: Home
    request: TrainingRequest
    options: RunOptions
    place: Path
    specification: Specification | None = None
    notes: Notes = unheard
    made: list[str] = field(default_factory=list)
    """The names of the jobs that were run, the latest last."""
    _sound: JobResult | UntriedError | None = None
    _undisturbed: list[float] = field(default_factory=list)

    def require(self) -> None:
        """What is wrong with the request or this machine is said before any job is run, and so is
        an image that cannot be had: every check would say it again.

        Raises:
            EngineError, CredentialsError, InputError, RequestError, StorageError: as ``prepare``.
        """
        self.prepared("sound", as_it_is)
        if isinstance(self.engine, ContainerEngine):
            self.engine.fetch(ImageTarget(self.options.target), self.options.platform)

    @property
    def is_image(self) -> bool:
        return not self.options.target.startswith("/")

    @property
    def channels(self) -> tuple[ChannelRequest, ...]:
        return self.request.channels

    @cached_property
    def engine(self) -> Engine:
        """Raises EngineError where none can run the target."""
        target = self.options.target
        what = ImageTarget(target) if self.is_image else ProgramTarget(Path(target))
        return choose(self.options.engine, what, self.home, self.notes)

    @cached_property
    def image(self) -> ImageFacts | None:
        """What the engine knows of the image; None for a program."""
        if not isinstance(self.engine, ContainerEngine):
            return None
        return image_facts(self.engine, self.options.target, self.options.platform)

    @cached_property
    def writes(self) -> Writes | None:
        """What the container of the sound run has changed in the image's own files; None for a
        program."""
        if not isinstance(self.engine, ContainerEngine):
            return None
        return Writes(self.engine.client)

    @property
    def sound(self) -> JobResult:
        """The job as it was asked for, run once for all checks. Raises UntriedError."""
        if self._sound is None:
            try:
                self._sound = self._run_sound()
            except UntriedError as fault:
                fault.is_of_the_sound_job = True
                self._sound = fault
        if isinstance(self._sound, UntriedError):
            raise self._sound
        return self._sound

    @cached_property
    def again(self) -> JobResult:
        """The job once more, without a CheckpointConfig: whether it trains the same and as long.
        Raises UntriedError."""
        return self.run("again", without_checkpoints, is_alike=True)

    @cached_property
    def outcome(self) -> ModelOutcome:
        """What the sound job has left. Raises UntriedError."""
        return ModelOutcome.of(self.sound.record)

    @property
    def lasting(self) -> frozenset[str]:
        """The names of the jobs whose results are looked at again and again."""
        kept = (self._sound, self.__dict__.get("again"))
        return frozenset(each.name for each in kept if isinstance(each, JobResult))

    @property
    def seconds(self) -> float:
        """How long the job trains when it is left alone: the first run may have been slower."""
        sound = trained(self.sound.record)
        return min([sound, *self._undisturbed])

    def settle_seconds(self) -> None:
        """See to it that ``seconds`` is of a run that was not the first."""
        if not self._undisturbed:
            _ = self.again

    @property
    def limit(self) -> int:
        """Seconds after which a job with something changed is taken to hang."""
        return min(self.request.max_runtime, max(_LEAST_LIMIT, math.ceil(_SLOWER * self.seconds)))

    def run(
        self,
        label: str,
        change: Change = as_it_is,
        moments: Sequence[Moment] = (),
        *,
        starts: Starts | None = None,
        is_alike: bool = False,
        **options: Any,
    ) -> JobResult:
        """Run the job with a change to its request, and other ``options`` of the run. ``is_alike``
        where it has to train as the sound job does.

        Raises:
            UntriedError: where the job could not be run.
            MissedMomentError: where it ended before what was to befall it.
            KeyboardInterrupt: for Ctrl-C, after the job has ended.
        """
        request = self._changed(label, change, moments, self.limit)
        prepared = prepare(self.home, request, replace(self.options, **options), self.notes)
        result = self._run(prepared, moments, starts)
        if is_alike and result.status == "Completed":
            self._undisturbed.append(trained(result.record))
        return result

    def prepared(self, label: str, change: Change) -> Prepared:
        """A job that is ready to run, and is not run. Raises as ``prepare``."""
        request = self._changed(label, change, (), self.request.max_runtime)
        return prepare(self.home, request, self.options, self.notes)

    def folder(self, name: str) -> Path:
        """A folder for data of a check's own, which is not there yet."""
        folder = self.place / "data" / name
        folder.parent.mkdir(exist_ok=True)
        return folder

    @property
    def peak_memory(self) -> int | None:
        """The most memory in bytes that the sound run's container was seen to use."""
        series = points(self.sound.folder.utilization(HOST))
        return max((int(point["MemoryBytes"]) for point in series), default=None)

    def _run_sound(self) -> JobResult:
        engine = None
        if self.writes is not None:
            engine = ContainerEngine(self.writes.client, self.home, self.notes, self.writes.look)
        request = self._changed("sound", as_it_is, (), self.request.max_runtime)
        return self._run(prepare(self.home, request, self.options, self.notes, engine))

    def _run(
        self, prepared: Prepared, moments: Sequence[Moment] = (), starts: Starts | None = None
    ) -> JobResult:
        result = run_to_end(prepared, moments, starts, self.made.append, self.notes)
        fault, reason = result.record.fault, result.failure_reason or ""
        if fault is not None and not reason.startswith(_OF_THE_TARGET):
            raise UntriedError(fault)
        return result

    def _changed(
        self, label: str, change: Change, moments: Sequence[Moment], limit: int
    ) -> TrainingRequest:
        """The request of a job with a name, artifacts and checkpoints of its own."""
        document: Document = copy.deepcopy(dict(self.request.document))
        name = self._name(label)
        document["TrainingJobName"] = name
        document["OutputDataConfig"]["S3OutputPath"] = str(self.place / "artifacts")
        checkpoints = document.setdefault("CheckpointConfig", {})
        checkpoints["S3Uri"] = str(self.place / "checkpoints" / name)
        stopping = document["StoppingCondition"]
        stopping["MaxRuntimeInSeconds"] = limit
        if any(moment.event.is_interruption for moment in moments):
            document["EnableManagedSpotTraining"] = True
            stopping["MaxWaitTimeInSeconds"] = limit
        elif "MaxWaitTimeInSeconds" in stopping:
            stopping["MaxWaitTimeInSeconds"] = max(limit, stopping["MaxWaitTimeInSeconds"])
        change(document)
        return parse_request(document, cache=self.home.cache)

    def _name(self, label: str) -> str:
        """A TrainingJobName that no other job of this home has; a channel's name has letters that
        it may not have."""
        plain = _NO_NAME.sub("-", label)[:_LABEL_LIMIT].strip("-")
        end = f"-{len(self.made) + 1}-{plain}"
        return f"{self.request.name[: _NAME_LIMIT - len(end)].rstrip('-')}{end}"
