"""A training job to be run by a test: what runs, with what, and what befalls it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from sm_container.harness.job.options import RunOptions
from sm_container.harness.store.home import Home
from sm_container.testing.jobs.asked import MAX_RUNTIME, Asked
from sm_container.testing.jobs.checkpoints import Given
from sm_container.testing.jobs.declared import Declared
from sm_container.testing.jobs.moments import Event, Moment
from sm_container.testing.jobs.result import JobResult
from sm_container.testing.jobs.running import Told, Watcher, run_request, unheard
from sm_container.testing.jobs.subject import Subject, Target


@dataclass(frozen=True, eq=False)  # arrays are not compared
class TrainingJob:
    """A job that has not run yet. Each method gives another one, and leaves this as it is.

    ``target`` is a declared algorithm, the path of a program or folder, or an image. ``home`` is
    the harness's folder, ``scratch`` one for the data that is written, the artifacts and the
    checkpoints.

    An algorithm trains in this process unless ``own_process`` is set, or something that befalls it
    wants a process that can be killed. ``algorithm`` says what a program or an image is declared to
    be: an Algorithm, or its CreateAlgorithm document or the path of that. The request is held
    against the declaration, whose metrics are looked for.
    """

    home: Home
    scratch: Path
    target: Target
    algorithm: Declared | None = None
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    """By name; what is no text is written as the SageMaker SDK writes it."""
    channels: Mapping[str, Any] = field(default_factory=dict)
    """By name: ``Data``, or what that takes as its value."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """The request's Environment."""
    metrics: Mapping[str, str] = field(default_factory=dict)
    """MetricDefinitions beside the declared ones: the regular expression by the name."""
    input_mode: str | None = None
    """TrainingInputMode. None for the one that each channel is declared with: File, if it can."""
    instance_type: str = "ml.m5.large"
    """InstanceType, which says how much memory a container has."""
    max_runtime: int = MAX_RUNTIME
    """MaxRuntimeInSeconds."""
    grace: float = 10.0
    """Seconds between SIGTERM and SIGKILL; the service gives 120."""
    checkpoints: Given = False
    """Whether there is a CheckpointConfig, and what is at its S3Uri before the first start: True
    for nothing yet, a folder, files by name, or this library's checkpoints by step."""
    engine: str = "auto"
    """Of an image: auto, docker or podman."""
    own_process: bool = False
    """Whether a declared algorithm runs as a program, and not in the process of the test."""
    request: Mapping[str, Any] = field(default_factory=dict)
    """Further members of the CreateTrainingJob request, laid over all others."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What ``sm-container run`` can be told beside, by the names of RunOptions."""
    moments: tuple[Moment, ...] = ()
    memory_bytes: int | None = None
    live: bool = False
    """Whether the job's log is written to the standard error while it runs."""
    told: Told = unheard
    """Told of the job before it runs."""

    def __post_init__(self) -> None:
        if not isinstance(self.grace, int | float):
            raise TypeError(f"grace is a number of seconds, and not {self.grace!r}")
        unknown = sorted(set(self.options) - {each.name for each in fields(RunOptions)})
        if unknown:
            raise TypeError(f"options are named as those of sm-container run; none is {unknown[0]}")

    def interrupt_after(self, moment: float | str) -> TrainingJob:
        """Take its spot instances away ``moment`` seconds after a start's training began, or when
        its log has a line in which the regular expression ``moment`` is found. SIGTERM, the grace,
        SIGKILL; then another start, with the checkpoints restored. Repeat it for the next start.

        Source: developer guide, "Managed Spot Training in Amazon SageMaker".
        """
        return self._with(Moment(Event.INTERRUPT, moment))

    def kill_after(self, moment: float | str) -> TrainingJob:
        """As ``interrupt_after``, without any warning: SIGKILL, and S3 has what had arrived."""
        return replace(self._with(Moment(Event.KILL, moment)), own_process=True)

    def stop_after(self, moment: float | str) -> TrainingJob:
        """Stop the job at a moment, as StopTrainingJob does: SIGTERM, the grace, SIGKILL, and what
        is in the model folder is saved."""
        return self._with(Moment(Event.STOP, moment))

    def out_of_memory_at(self, size: int) -> TrainingJob:
        """Give the container ``size`` bytes of memory: the kernel ends what takes more.

        An image's engine sets the limit. A program needs a control group that this user may make.
        """
        return replace(self, memory_bytes=size)

    def full_disk(self, moment: float | str = 0.0) -> TrainingJob:
        """Have the disk under the checkpoints full from that moment on: writes fail with ENOSPC.

        Needs root, since a small disk has to be mounted.
        """
        return replace(self._with(Moment(Event.FULL_DISK, moment)), own_process=True)

    def run(self, watchers: Sequence[Watcher] = ()) -> JobResult:
        """Run it to its end. Must be called in the main thread. ``watchers`` make observers.

        Raises:
            RequestError: for a request that the service or the algorithm would refuse.
            InputError, StorageError: for data that cannot be had.
            EngineError: where no engine can run it, or what is to befall it cannot be made here.
            MissedMomentError: where it ended before what was to befall it.
            KeyboardInterrupt: for Ctrl-C, which stops the job first.
        """
        place = self.scratch / uuid.uuid4().hex[:8]
        subject = Subject.of(self.target, self.algorithm)
        asked = self._asked(subject, place).to_request(self.home.cache)
        if self.own_process or self.memory_bytes is not None:
            subject = subject.as_program(place / "program")
        return run_request(
            self.home,
            asked,
            self._options(subject),
            self.moments,
            algorithm=subject.algorithm,
            live=self.live,
            watchers=watchers,
            told=self.told,
        )

    def _with(self, moment: Moment) -> TrainingJob:
        return replace(self, moments=(*self.moments, moment))

    def _asked(self, subject: Subject, place: Path) -> Asked:
        return Asked(
            subject,
            place,
            hyperparameters=self.hyperparameters,
            channels=self.channels,
            environment=self.environment,
            metrics=self.metrics,
            input_mode=self.input_mode,
            instance_type=self.instance_type,
            max_runtime=self.max_runtime,
            is_spot=any(each.event.is_interruption for each in self.moments),
            # What befalls a job is of interest where there are some.
            checkpoints=self.checkpoints or bool(self.moments),
            request=self.request,
        )

    def _options(self, subject: Subject) -> RunOptions:
        given: dict[str, Any] = {
            "target": subject.target,
            "engine": self.engine if subject.is_image else "process",
            "grace_seconds": self.grace,
            "memory_bytes": self.memory_bytes,
            **self.options,
        }
        return RunOptions(**given)
