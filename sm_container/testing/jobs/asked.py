"""The CreateTrainingJob request of what a test asks for."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from sm_container.contract.metrics import MetricDefinition
from sm_container.declaration.checkpoints import SavedBy
from sm_container.harness.request.errors import RequestError
from sm_container.harness.request.extensions import LOCAL_ROLE, absolute
from sm_container.harness.request.for_algorithm import faults_against
from sm_container.harness.request.parse import parse_request
from sm_container.harness.request.training_request import WAITING_SECONDS, TrainingRequest
from sm_container.testing.jobs.checkpoints import Given, checkpoint_uri
from sm_container.testing.jobs.data import Data, default_type, type_of_files, write_data
from sm_container.testing.jobs.declared import default_mode
from sm_container.testing.jobs.subject import Subject

MAX_RUNTIME = 3600
_NAME_LIMIT = 63


@dataclass(frozen=True, eq=False)  # arrays are not compared
class Asked:
    """What a test says of a job; :class:`TrainingJob` says what each means. ``place`` is a folder
    for what is written for it and what it leaves."""

    subject: Subject
    place: Path
    name: str = ""
    """The job's; one that no other has where none is given."""
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    channels: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, str] = field(default_factory=dict)
    input_mode: str | None = None
    instance_type: str = "ml.m5.large"
    hosts: int = 1
    max_runtime: int = MAX_RUNTIME
    is_spot: bool = False
    checkpoints: Given = False
    request: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("hyperparameters", "channels", "environment", "metrics", "request"):
            given = getattr(self, name)
            if not isinstance(given, Mapping):
                raise TypeError(f"{name} are given by name, as a mapping, and not as {given!r}")

    def to_request(self, cache: Path) -> TrainingRequest:
        """Write the data, and make the request. ``cache`` keeps the service's model.

        Raises:
            RequestError: for what the service or the algorithm would refuse, or cannot run here;
                but for several ``hosts``, with whom nothing is run.
            FormatError, TypeError, ValueError: for data that cannot be written.
        """
        document = self._document()
        against: tuple[str, ...] = ()
        specification = self.subject.specification
        if specification is not None:
            against = faults_against(specification, document, cache)
        _drop_empty(document)
        if against:
            raise RequestError(against)
        if self.hosts == 1:
            return parse_request(document, cache=cache)
        document["ResourceConfig"]["InstanceCount"] = 1
        return _of_hosts(parse_request(document, cache=cache), self.hosts)

    def _document(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "TrainingJobName": self.name or job_name(self.subject.name),
            "RoleArn": LOCAL_ROLE,
            "AlgorithmSpecification": {
                "TrainingImage": self.subject.target,
                "TrainingInputMode": self.input_mode or "File",
                "MetricDefinitions": [each.to_document() for each in self._metrics()],
            },
            "HyperParameters": {name: _text(each) for name, each in self.hyperparameters.items()},
            "InputDataConfig": [
                self._channel(name, Data.of(given)) for name, given in self.channels.items()
            ],
            "OutputDataConfig": {"S3OutputPath": str(self.place / "artifacts")},
            "ResourceConfig": {
                "InstanceType": self.instance_type,
                "InstanceCount": self.hosts,
                "VolumeSizeInGB": 1,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": self.max_runtime},
            "Environment": dict(self.environment),
        }
        if self.is_spot:
            document["EnableManagedSpotTraining"] = True
            document["StoppingCondition"]["MaxWaitTimeInSeconds"] = (
                self.max_runtime + WAITING_SECONDS
            )
        kept = checkpoint_uri(self.checkpoints, self.place / "checkpoints", self._savers())
        if kept is not None:
            document["CheckpointConfig"] = {"S3Uri": kept}
        merged: dict[str, Any] = _merged(document, self.request)
        return merged

    def _metrics(self) -> Iterator[MetricDefinition]:
        """Those that the test gives, and the declared ones but for those."""
        for name, regex in self.metrics.items():
            yield MetricDefinition(name, regex)
        for declared in self.subject.metrics:
            if declared.name not in self.metrics:
                yield declared

    def _savers(self) -> tuple[str | None, ...]:
        """The hosts that stand in the names of checkpoints."""
        algorithm = self.subject.algorithm
        if algorithm is None or algorithm.declaration.checkpoints.saved_by is SavedBy.FIRST_HOST:
            return (None,)
        return tuple(f"algo-{number}" for number in range(1, self.hosts + 1))

    def _channel(self, name: str, data: Data) -> dict[str, Any]:
        specification = self.subject.specification
        declared = None if specification is None else specification.channel(name)
        known = () if declared is None else declared.content_types
        if data.mode is None and self.input_mode is None and declared is not None:
            data = replace(data, mode=default_mode(declared))
        if data.is_there:
            sole = known[0] if len(known) == 1 else type_of_files(data.value, known)
            return data.channel(name, absolute(str(data.value)), data.content_type or sole)
        if PurePosixPath(name).name != name:
            raise ValueError(f"{name!r} cannot be the name of a channel")
        folder = self.place / "data" / name
        content_type = data.content_type or (known[0] if known else default_type(data))
        write_data(data, folder, content_type)
        return data.channel(name, str(folder), content_type)


def _of_hosts(request: TrainingRequest, count: int) -> TrainingRequest:
    resources = {**request.document["ResourceConfig"], "InstanceCount": count}
    document = {**request.document, "ResourceConfig": resources}
    return replace(request, document=document, instance_count=count)


def job_name(of: str) -> str:
    """A job's name that no other has."""
    end = f"-{uuid.uuid4().hex[:8]}"
    plain = "".join(each if each.isascii() and each.isalnum() else "-" for each in of)
    return f"{plain.strip('-')[: _NAME_LIMIT - len(end)].strip('-') or 'job'}{end}"


def _text(value: Any) -> str:
    """A hyperparameter as the SageMaker SDK sends it for an algorithm; structures as JSON."""
    return json.dumps(value) if isinstance(value, dict | list | tuple) else str(value)


def _merged(document: Any, over: Any) -> Any:
    """A document with members laid over it: structures member by member, anything else whole."""
    if not isinstance(document, Mapping) or not isinstance(over, Mapping):
        return over
    return {
        **document,
        **{name: _merged(document.get(name), value) for name, value in over.items()},
    }


def _drop_empty(document: dict[str, Any]) -> None:
    """Members that the service wants to be left out rather than empty."""
    for member in ("HyperParameters", "InputDataConfig", "Environment"):
        if not document.get(member):
            document.pop(member, None)
    specification = document["AlgorithmSpecification"]
    if not specification.get("MetricDefinitions"):
        specification.pop("MetricDefinitions", None)
