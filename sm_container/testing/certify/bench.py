"""The bench: the job that is certified, run as it is and with one thing changed at a time."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from sm_container.declaration.specification import Specification
from sm_container.harness.engines.detect import choose
from sm_container.harness.engines.engine import Engine, ImageTarget, ProgramTarget
from sm_container.harness.job.options import RunOptions
from sm_container.harness.request.parse import parse_request
from sm_container.harness.request.training_request import ChannelRequest, TrainingRequest
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.home import Home
from sm_container.harness.store.series import points
from sm_container.testing.certify.image import ImageFacts, image_facts
from sm_container.testing.jobs.moments import Moment
from sm_container.testing.jobs.result import HOST, JobResult
from sm_container.testing.jobs.running import run_request

Document = dict[str, Any]
Change = Callable[[Document], None]

_NAME_LIMIT = 63


def as_it_is(document: Document) -> None:
    """No change."""


def from_folder(channel: str, folder: Path) -> Change:
    """A change by which a channel is all that is in a folder."""

    def change(document: Document) -> None:
        for each in document["InputDataConfig"]:
            if each["ChannelName"] == channel:
                source = each["DataSource"]["S3DataSource"]
                source.update(S3DataType="S3Prefix", S3Uri=f"{folder}/")

    return change


@dataclass
class Bench:
    """Where checks run jobs. ``request`` is the sound job's; ``specification`` is what the
    algorithm declares, where that is known; ``place`` is a folder for what the jobs leave."""

    home: Home
    request: TrainingRequest
    options: RunOptions
    place: Path
    specification: Specification | None = None
    name: str = "certify"
    made: list[str] = field(default_factory=list)
    """The names of the jobs that were run, the latest last."""

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
        return choose(self.options.engine, what, self.home)

    @cached_property
    def image(self) -> ImageFacts | None:
        """What the engine knows of the image; None for a program."""
        return image_facts(self.engine, self.options.target) if self.is_image else None

    @cached_property
    def sound(self) -> JobResult:
        """The job as it was asked for, run once for all checks."""
        return self.run("sound", checkpoints=True)

    @property
    def seconds(self) -> float:
        """How long the container of the sound run trained."""
        return sum(each.seconds for each in self.sound.record.attempts)

    def run(
        self,
        label: str,
        change: Change = as_it_is,
        moments: Sequence[Moment] = (),
        *,
        checkpoints: bool = False,
        **options: Any,
    ) -> JobResult:
        """Run the job with a change to its request, and other ``options`` of the run.

        With ``checkpoints`` it has a CheckpointConfig, in a folder of its own, whatever it asked
        for. Raises as ``run_request``.
        """
        return self.run_with(self.changed(label, change, moments, checkpoints), moments, **options)

    def run_with(
        self,
        request: TrainingRequest,
        moments: Sequence[Moment] = (),
        engine: Engine | None = None,
        **options: Any,
    ) -> JobResult:
        """Run a job by a request that ``changed`` gave."""
        self.made.append(request.name)
        return run_request(
            self.home, request, replace(self.options, **options), moments, engine=engine
        )

    def changed(
        self,
        label: str,
        change: Change = as_it_is,
        moments: Sequence[Moment] = (),
        checkpoints: bool = False,
    ) -> TrainingRequest:
        """The request of a job with a name, artifacts and checkpoints of its own."""
        document: Document = copy.deepcopy(dict(self.request.document))
        name = self._name(label)
        document["TrainingJobName"] = name
        document["OutputDataConfig"]["S3OutputPath"] = str(self.place / "artifacts")
        if checkpoints or moments:
            config = document.setdefault("CheckpointConfig", {})
            config["S3Uri"] = str(self.place / "checkpoints" / name)
        else:
            document.pop("CheckpointConfig", None)
        if any(moment.event.is_interruption for moment in moments):
            document["EnableManagedSpotTraining"] = True
            stopping = document["StoppingCondition"]
            stopping["MaxWaitTimeInSeconds"] = stopping["MaxRuntimeInSeconds"]
        change(document)
        return parse_request(document, cache=self.home.cache)

    def folder(self, name: str) -> JobFolder:
        return JobFolder(self.home.jobs / name)

    def fresh_folder(self, name: str) -> Path:
        """An empty folder for data of a check's own."""
        folder = self.place / "data" / name
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        return folder

    @property
    def peak_memory(self) -> int | None:
        """The most memory in bytes that the sound run's container was seen to use."""
        series = points(self.sound.folder.utilization(HOST))
        return max((int(point["MemoryBytes"]) for point in series), default=None)

    def _name(self, label: str) -> str:
        end = f"-{label}-{self.place.name}"
        return f"{self.name[: _NAME_LIMIT - len(end)].rstrip('-')}{end}"
