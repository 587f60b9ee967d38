"""A training job to be run by a test: what runs, with what, and what befalls it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sm_container.harness.job.options import RunOptions
from sm_container.harness.request.errors import RequestError
from sm_container.harness.request.extensions import LOCAL_ROLE, absolute
from sm_container.harness.request.for_algorithm import add_metrics, faults_against
from sm_container.harness.request.parse import parse_request
from sm_container.harness.request.training_request import TrainingRequest
from sm_container.harness.store.home import Home
from sm_container.testing.jobs.data import DEFAULT_CONTENT_TYPE, Data, write_data
from sm_container.testing.jobs.moments import Event, Moment
from sm_container.testing.jobs.result import JobResult
from sm_container.testing.jobs.running import run_request
from sm_container.testing.jobs.subject import Subject, Target

_MAX_RUNTIME = 3600
_NAME_LIMIT = 63


@dataclass(frozen=True)
class TrainingJob:
    """A job that has not run yet. Each method gives another one, and leaves this as it is.

    ``scratch`` is a folder for the data that is written, the artifacts and the checkpoints.
    ``channels`` are :class:`Data` or what that takes. ``hyperparameters`` that are no text are
    written as the SageMaker SDK writes them. ``request`` are further members of the
    CreateTrainingJob request, which stand above all others. An algorithm runs in this process
    unless ``own_process``, or something that befalls it, wants a process that can be killed.
    """

    home: Home
    scratch: Path
    target: Target
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    channels: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, str] = field(default_factory=dict)
    input_mode: str = "File"
    instance_type: str = "ml.m5.large"
    max_runtime: int = _MAX_RUNTIME
    grace: float = 10.0
    checkpoints: bool | Path = False
    engine: str = "auto"
    own_process: bool = False
    request: Mapping[str, Any] = field(default_factory=dict)
    moments: tuple[Moment, ...] = ()
    memory_bytes: int | None = None
    live: bool = False
    """Whether the job's log is written to the standard error while it runs."""

    def interrupt_after(self, moment: float | str) -> TrainingJob:
        """Take its spot instances away ``moment`` seconds after a start's training began, or when
        its log has a line in which the regular expression ``moment`` is found. SIGTERM, the grace,
        SIGKILL; then another start, with the checkpoints restored. Repeat it for the next start.
        """
        return self._with(Moment(Event.INTERRUPT, moment))

    def kill_after(self, moment: float | str) -> TrainingJob:
        """As ``interrupt_after``, without any warning: SIGKILL."""
        return replace(self._with(Moment(Event.KILL, moment)), own_process=True)

    def stop_after(self, moment: float | str) -> TrainingJob:
        """Stop the job, as StopTrainingJob does: SIGTERM, the grace, SIGKILL, artifacts saved."""
        return self._with(Moment(Event.STOP, moment))

    def out_of_memory_at(self, size: int) -> TrainingJob:
        """Give the container ``size`` bytes of memory: the kernel ends what takes more."""
        return replace(self, memory_bytes=size, own_process=True)

    def full_disk(self, moment: float | str = 0.0) -> TrainingJob:
        """Have the disk under the checkpoints full from that moment on: writes fail with ENOSPC.

        Needs root, since a small disk has to be mounted.
        """
        return replace(self._with(Moment(Event.FULL_DISK, moment)), own_process=True)

    def run(self) -> JobResult:
        """Run it to its end. Must be called in the main thread.

        Raises:
            RequestError: for a request that the service or the algorithm would refuse.
            EngineError: where no engine can run it.
            KeyboardInterrupt: for Ctrl-C, which stops the job first.
        """
        subject = Subject.of(self.target)
        if self.own_process:
            subject = subject.as_program()
        request = self._request(subject)
        return run_request(
            self.home,
            request,
            self._options(subject),
            self.moments,
            algorithm=subject.algorithm,
            live=self.live,
        )

    def _with(self, moment: Moment) -> TrainingJob:
        return replace(self, moments=(*self.moments, moment))

    @property
    def _is_spot(self) -> bool:
        return any(each.event.is_interruption for each in self.moments)

    def _request(self, subject: Subject) -> TrainingRequest:
        place = self.scratch / uuid.uuid4().hex[:8]
        document: dict[str, Any] = {
            "TrainingJobName": _name(subject.name),
            "RoleArn": LOCAL_ROLE,
            "AlgorithmSpecification": {
                "TrainingImage": subject.target,
                "TrainingInputMode": self.input_mode,
                "MetricDefinitions": [
                    {"Name": name, "Regex": regex} for name, regex in self.metrics.items()
                ],
            },
            "HyperParameters": {name: _text(each) for name, each in self.hyperparameters.items()},
            "InputDataConfig": [
                self._channel(name, Data.of(given), place / "data" / name, subject)
                for name, given in self.channels.items()
            ],
            "OutputDataConfig": {"S3OutputPath": str(place / "artifacts")},
            "ResourceConfig": {
                "InstanceType": self.instance_type,
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": self.max_runtime},
            "Environment": {**subject.environment, **self.environment},
        }
        if self._is_spot:
            document["EnableManagedSpotTraining"] = True
            document["StoppingCondition"]["MaxWaitTimeInSeconds"] = self.max_runtime
        kept = self._checkpoints(place)
        if kept is not None:
            document["CheckpointConfig"] = {"S3Uri": str(kept)}
        document.update(self.request)
        against: tuple[str, ...] = ()
        if subject.specification is not None:
            add_metrics(document, subject.specification)
            against = faults_against(subject.specification, document, self.home.cache)
        _drop_empty(document)
        if against:
            raise RequestError(against)
        return parse_request(document, cache=self.home.cache)

    def _checkpoints(self, place: Path) -> Path | None:
        """Where checkpoints are kept: what befalls a job is of interest where there are some."""
        if isinstance(self.checkpoints, Path):
            return self.checkpoints
        return place / "checkpoints" if self.checkpoints or self.moments else None

    def _channel(self, name: str, data: Data, folder: Path, subject: Subject) -> dict[str, Any]:
        declared = subject.specification and subject.specification.channel(name)
        known = declared.content_types[0] if declared and declared.content_types else None
        content_type = data.content_type or known
        if data.is_there:
            return data.channel(name, absolute(str(data.value)), content_type)
        write_data(data, folder, content_type or DEFAULT_CONTENT_TYPE)
        return data.channel(name, str(folder), content_type or DEFAULT_CONTENT_TYPE)

    def _options(self, subject: Subject) -> RunOptions:
        return RunOptions(
            target=subject.target,
            engine=self.engine if subject.is_image else "process",
            grace_seconds=self.grace,
            memory_bytes=self.memory_bytes,
        )


def _name(of: str) -> str:
    """A job's name that no other has."""
    end = f"-{uuid.uuid4().hex[:8]}"
    plain = "".join(each if each.isascii() and each.isalnum() else "-" for each in of)
    return f"{plain.strip('-')[: _NAME_LIMIT - len(end)].strip('-') or 'job'}{end}"


def _text(value: Any) -> str:
    """A hyperparameter as the SageMaker SDK sends it for an algorithm; structures as JSON."""
    return json.dumps(value) if isinstance(value, dict | list | tuple) else str(value)


def _drop_empty(document: dict[str, Any]) -> None:
    """Members that the service wants to be left out rather than empty."""
    for member in ("HyperParameters", "InputDataConfig", "Environment"):
        if not document.get(member):
            document.pop(member, None)
    specification = document["AlgorithmSpecification"]
    if not specification.get("MetricDefinitions"):
        specification.pop("MetricDefinitions", None)
