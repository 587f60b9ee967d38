"""A job's record: everything that is known about it, as one immutable value with a JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sm_container.harness.job.attempts import AttemptRecord
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

    ``document`` is the CreateTrainingJob request as accepted. ``exit_code`` is the algorithm's own
    in the attempt that was the last, ``fault`` the harness's word on what went wrong on its side of
    the fence, if anything did. ``traffic`` is what the channels have moved, ``checkpoints`` what
    went to CheckpointConfig's S3Uri and came from there; both over all attempts, and known in part
    while the job runs.
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
    attempts: tuple[AttemptRecord, ...] = ()
    checkpoints: tuple[CheckpointTraffic, ...] = ()

    @property
    def phase(self) -> Phase | None:
        return self.transitions[-1].phase if self.transitions else None

    @property
    def secondary_status(self) -> SecondaryStatus:
        return self.transitions[-1].status if self.transitions else SecondaryStatus.STARTING

    @property
    def training_seconds(self) -> int | None:
        """TrainingTimeInSeconds: how long instances were up over all attempts, and not how long
        they were waited for in between. None before the end.

        That the service counts so is inferred.
        """
        if self.training_started is None or self.training_ended is None:
            return None
        if self.attempts:
            return max(1, round(sum(each.seconds for each in self.attempts)))
        return max(1, round(self.training_ended - self.training_started))

    @property
    def is_spot(self) -> bool:
        return bool(self.document.get("EnableManagedSpotTraining"))

    @property
    def billable_seconds(self) -> int | None:
        """BillableTimeInSeconds: the training time, less the discount that is assumed for spot."""
        if self.training_seconds is None or not self.is_spot:
            return self.training_seconds
        paid = 1 - self.options.spot_discount_percent / 100
        return max(1, round(self.training_seconds * paid))

    @property
    def saving_percent(self) -> float | None:
        """What a spot job has saved. Source: DescribeTrainingJob, BillableTimeInSeconds."""
        if self.training_seconds is None or self.billable_seconds is None or not self.is_spot:
            return None
        return (1 - self.billable_seconds / self.training_seconds) * 100

    def entered(self, phase: Phase, now: float, exit_code: int | None = None) -> JobRecord:
        """The record once the job has entered a phase; ``exit_code`` is the algorithm's, where its
        end has led there.

        Raises:
            StateError: where that phase cannot follow the current one.
        """
        if not phase.may_follow(self.phase):
            raise StateError(f"{phase.name} cannot follow {self.phase and self.phase.name}")
        closed = self.transitions
        if closed:
            closed = (*closed[:-1], replace(closed[-1], end=now))
        ended = now if phase.status is not None and phase.status.is_terminal else None
        downloads = phase is Phase.DOWNLOADING
        return replace(
            self,
            transitions=(*closed, Transition(phase, now, ended)),
            status=phase.status or self.status,
            last_modified=now,
            attempts=self._attempts_in(phase, now, exit_code),
            training_started=now if downloads and not self.attempts else self.training_started,
            exit_code=exit_code if phase is Phase.UPLOADING else self.exit_code,
        )

    def _attempts_in(
        self, phase: Phase, now: float, exit_code: int | None
    ) -> tuple[AttemptRecord, ...]:
        if phase is Phase.DOWNLOADING:
            return (*self.attempts, AttemptRecord(now))
        if not self.attempts or self.attempts[-1].end is not None:
            return self.attempts
        last = self.attempts[-1]
        if exit_code is not None:
            last = replace(last, exit_code=exit_code)
        if phase.ends_attempt:
            last = replace(last, end=now, ending=phase)
        return (*self.attempts[:-1], last)

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
            "attempts": [each.to_document() for each in self.attempts],
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
                "attempts": tuple(
                    AttemptRecord.from_document(each) for each in plain.get("attempts", ())
                ),
                "checkpoints": tuple(
                    CheckpointTraffic.from_document(each) for each in plain.get("checkpoints", ())
                ),
            }
        )
