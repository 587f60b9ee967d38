"""A job's record: everything that is known about it, as one immutable value with a JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sm_container.harness.job.options import RunOptions
from sm_container.harness.job.status import JobStatus, Phase, SecondaryStatus
from sm_container.harness.job.traffic import ChannelTraffic, CheckpointTraffic


class StateError(Exception):
    """A job was asked to enter a phase that cannot follow the one it is in: a defect of ours."""


@dataclass(frozen=True)
class Transition:
    """One entry of SecondaryStatusTransitions: epoch seconds, ``end`` None while current."""

    phase: Phase
    start: float
    end: float | None = None

    @property
    def status(self) -> SecondaryStatus:
        return self.phase.secondary

    @property
    def message(self) -> str:
        return self.phase.message


@dataclass(frozen=True)
class MetricValue:
    """The last value that a metric definition matched; ``timestamp`` in epoch seconds."""

    name: str
    value: float
    timestamp: float


@dataclass(frozen=True)
class JobRecord:
    """A training job at one moment. Times are epoch seconds.

    ``document`` is the CreateTrainingJob request as accepted. ``exit_code`` is the algorithm's own,
    ``fault`` the harness's word on what went wrong on its side of the fence, if anything did.
    ``traffic`` is what the channels have moved, ``checkpoints`` what went to CheckpointConfig's
    S3Uri and came from there, a host each over all attempts; known in part while the job runs.
    """

    name: str
    arn: str
    document: Mapping[str, Any]
    options: RunOptions
    created: float
    last_modified: float
    transitions: tuple[Transition, ...] = ()
    status: JobStatus = JobStatus.IN_PROGRESS
    engine: str | None = None
    training_started: float | None = None
    training_ended: float | None = None
    model_artifacts: str = ""
    exit_code: int | None = None
    failure_reason: str | None = None
    fault: str | None = None
    final_metrics: tuple[MetricValue, ...] = ()
    not_simulated: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    traffic: tuple[ChannelTraffic, ...] = ()
    checkpoints: tuple[CheckpointTraffic, ...] = ()

    @property
    def phase(self) -> Phase | None:
        return self.transitions[-1].phase if self.transitions else None

    @property
    def secondary_status(self) -> SecondaryStatus:
        return self.transitions[-1].status if self.transitions else SecondaryStatus.STARTING

    @property
    def training_seconds(self) -> int | None:
        """TrainingTimeInSeconds, and the billable seconds too: no spot saving is simulated here."""
        if self.training_started is None or self.training_ended is None:
            return None
        return max(1, round(self.training_ended - self.training_started))

    def entered(self, phase: Phase, now: float) -> JobRecord:
        """The record once the job has entered a phase.

        Raises:
            StateError: where that phase cannot follow the current one.
        """
        if not phase.may_follow(self.phase):
            raise StateError(f"{phase.name} cannot follow {self.phase and self.phase.name}")
        closed = self.transitions
        if closed:
            closed = (*closed[:-1], replace(closed[-1], end=now))
        ended = now if phase.status is not None and phase.status.is_terminal else None
        return replace(
            self,
            transitions=(*closed, Transition(phase, now, ended)),
            status=phase.status or self.status,
            last_modified=now,
        )

    def to_document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "arn": self.arn,
            "document": dict(self.document),
            "options": self.options.to_document(),
            "created": self.created,
            "last_modified": self.last_modified,
            "transitions": [[t.phase.name, t.start, t.end] for t in self.transitions],
            "status": self.status.value,
            "engine": self.engine,
            "training_started": self.training_started,
            "training_ended": self.training_ended,
            "model_artifacts": self.model_artifacts,
            "exit_code": self.exit_code,
            "failure_reason": self.failure_reason,
            "fault": self.fault,
            "final_metrics": [[m.name, m.value, m.timestamp] for m in self.final_metrics],
            "not_simulated": list(self.not_simulated),
            "notes": list(self.notes),
            "traffic": [each.to_document() for each in self.traffic],
            "checkpoints": [each.to_document() for each in self.checkpoints],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> JobRecord:
        """Read the JSON form back.

        Raises:
            KeyError, TypeError, ValueError: where the document is not a record.
        """
        plain = dict(document)
        return cls(
            **{
                **plain,
                "options": RunOptions.from_document(plain["options"]),
                "transitions": tuple(
                    Transition(Phase[name], start, end) for name, start, end in plain["transitions"]
                ),
                "status": JobStatus(plain["status"]),
                "final_metrics": tuple(MetricValue(*row) for row in plain["final_metrics"]),
                "not_simulated": tuple(plain["not_simulated"]),
                "notes": tuple(plain["notes"]),
                "traffic": tuple(
                    ChannelTraffic.from_document(each) for each in plain.get("traffic", ())
                ),
                "checkpoints": tuple(
                    CheckpointTraffic.from_document(each) for each in plain.get("checkpoints", ())
                ),
            }
        )
