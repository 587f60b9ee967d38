"""All that an author declares of one algorithm, in one value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from sm_container.contract.metrics import MetricDefinition
from sm_container.declaration.channels import Channel
from sm_container.declaration.checkpoints import DEFAULT_POLICY, CheckpointPolicy
from sm_container.declaration.errors import DeclarationError, require
from sm_container.declaration.hyperparameters import Hyperparameter, UnknownPolicy, declared
from sm_container.declaration.memory import DEFAULT_MEMORY_POLICY, MemoryPolicy
from sm_container.declaration.metrics import Metric
from sm_container.declaration.stopping import OnStop

_Part = TypeVar("_Part", Channel, Metric)
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


@dataclass(frozen=True)
class Declaration:
    """An algorithm as declared.

    ``hyperparameters`` is an annotated dataclass; None leaves them undeclared, so that any
    are accepted as text. Likewise a declaration without channels accepts any.
    Raises DeclarationError for what cannot be.
    """

    name: str
    hyperparameters: type | None = None
    channels: Sequence[Channel] = ()
    metrics: Sequence[Metric] = ()
    description: str = ""
    supports_distributed_training: bool = False
    unknown_hyperparameters: UnknownPolicy = UnknownPolicy.REFUSE
    on_stop: OnStop = OnStop.COOPERATE
    checkpoints: CheckpointPolicy = DEFAULT_POLICY
    memory: MemoryPolicy = DEFAULT_MEMORY_POLICY

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or len(self.name) > 63:
            raise DeclarationError(
                f"{self.name!r} cannot name an algorithm: use 1 to 63 letters, digits and hyphens, "
                "a letter or digit first and last"
            )
        object.__setattr__(self, "channels", _each_a(Channel, "channels", self.channels))
        object.__setattr__(self, "metrics", _each_a(Metric, "metrics", self.metrics))
        _unique("channels", (channel.name for channel in self.channels))
        _unique("metrics", (metric.name for metric in self.metrics))
        require(UnknownPolicy, "unknown_hyperparameters", self.unknown_hyperparameters)
        require(OnStop, "on_stop", self.on_stop)
        require(CheckpointPolicy, "checkpoints", self.checkpoints)
        require(MemoryPolicy, "memory", self.memory)
        _ = self.specifications
        if self.checkpoints.metric is not None and self._best_metric.goal is None:
            raise DeclarationError(
                f"CheckpointPolicy: which values of {self.checkpoints.metric} are the best? "
                'declare it with sm.Metric(..., goal="Minimize") or "Maximize"'
            )

    @cached_property
    def specifications(self) -> tuple[Hyperparameter, ...]:
        """The declared hyperparameters."""
        return () if self.hyperparameters is None else declared(self.hyperparameters)

    @property
    def metric_definitions(self) -> tuple[MetricDefinition, ...]:
        """The MetricDefinitions of a training job of this algorithm."""
        return tuple(metric.definition for metric in self.metrics)

    @property
    def maximizes_best(self) -> bool:
        """Whether the best checkpoints are those with the largest values of the policy's metric."""
        return self.checkpoints.metric is not None and self._best_metric.goal == "Maximize"

    @property
    def _best_metric(self) -> Metric:
        name = self.checkpoints.metric
        for metric in self.metrics:
            if metric.name == name:
                return metric
        raise DeclarationError(f"CheckpointPolicy: there is no metric {name!r} among the declared")


def _each_a(kind: type[_Part], what: str, given: object) -> tuple[_Part, ...]:
    if isinstance(given, (str, Mapping)) or not isinstance(given, Iterable):
        raise DeclarationError(f"{what} must be a list of sm.{kind.__name__}(...), not {given!r}")
    parts = tuple(given)
    for part in parts:
        if not isinstance(part, kind):
            raise DeclarationError(f"{what} has {part!r}; write sm.{kind.__name__}(...)")
    return parts


def _unique(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DeclarationError(f"two {what} have the name {name!r}")
        seen.add(name)
