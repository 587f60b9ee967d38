"""The attempts at a job: when the instances of each were up, and what ended it.

Source: developer guide, "Managed Spot Training Lifecycle"; CreateTrainingJob, RetryStrategy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sm_container.harness.job.status import Phase

INTERNAL_SERVER_ERROR = "InternalServerError"


@dataclass(frozen=True)
class Interruption:
    """The loss of a spot instance. ``at`` is in epoch seconds; with a warning its containers had
    SIGTERM and the grace, without one they were gone at once."""

    at: float
    warned: bool


@dataclass(frozen=True)
class AttemptRecord:
    """One launch of a job's instances, from the start of its downloads. Times are epoch seconds,
    ``end`` and ``ending`` None while it lasts; ``exit_code`` is its first host's own."""

    start: float
    end: float | None = None
    ending: Phase | None = None
    exit_code: int | None = None
    interruption: Interruption | None = None

    @property
    def seconds(self) -> float:
        """How long its instances were up; 0 while they are."""
        return 0.0 if self.end is None else self.end - self.start

    @property
    def cause(self) -> str | None:
        """What ended it, in the service's words: a secondary status, or the kind of fault that is
        tried again."""
        if self.ending is None:
            return None
        return (
            INTERNAL_SERVER_ERROR if self.ending is Phase.REPLACING else self.ending.secondary.value
        )

    def to_document(self) -> dict[str, Any]:
        lost = self.interruption
        return {
            "start": self.start,
            "end": self.end,
            "ending": None if self.ending is None else self.ending.name,
            "exit_code": self.exit_code,
            "interruption": None if lost is None else [lost.at, lost.warned],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> AttemptRecord:
        ending, lost = document["ending"], document["interruption"]
        return cls(
            document["start"],
            document["end"],
            None if ending is None else Phase[ending],
            document["exit_code"],
            None if lost is None else Interruption(*lost),
        )
