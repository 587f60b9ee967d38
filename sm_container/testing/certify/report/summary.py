"""All verdicts of a battery as one value, with its JSON form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sm_container.testing.certify.check import Outcome, Profile, Verdict


@dataclass(frozen=True)
class Summary:
    """What was certified, when (epoch seconds), by which engine, and what came of it."""

    target: str
    engine: str
    profile: Profile
    begun: float
    verdicts: tuple[Verdict, ...]

    @property
    def is_good(self) -> bool:
        return all(verdict.is_good for verdict in self.verdicts)

    @property
    def seconds(self) -> float:
        return sum(verdict.seconds for verdict in self.verdicts)

    @property
    def counts(self) -> Sequence[tuple[Outcome, int]]:
        """How many verdicts there are of each outcome that there is."""
        counted = Counter(verdict.finding.outcome for verdict in self.verdicts)
        return [(outcome, counted[outcome]) for outcome in Outcome if counted[outcome]]

    def __str__(self) -> str:
        return ", ".join(f"{count} {outcome.value}" for outcome, count in self.counts)

    def to_document(self) -> dict[str, Any]:
        return {
            "Target": self.target,
            "Engine": self.engine,
            "Profile": self.profile.value,
            "IsGood": self.is_good,
            "Seconds": round(self.seconds, 3),
            "Checks": [verdict.to_document() for verdict in self.verdicts],
        }
