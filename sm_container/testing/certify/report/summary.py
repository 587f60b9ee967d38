"""All verdicts of a battery as one value, with its JSON form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sm_container.testing.certify.check import Outcome, Profile, Verdict

_SECTIONS = (
    ("To be mended", (Outcome.FAIL, Outcome.ERROR)),
    ("What holds", (Outcome.PASS,)),
    ("What does not apply", (Outcome.NOT_APPLICABLE,)),
)


@dataclass(frozen=True)
class Summary:
    """What was certified, when (epoch seconds), by which engine, and what came of it.

    ``image_id`` is what the engine calls the image, None of a program. ``kept`` is the home that
    has the jobs, None where they are deleted.
    """

    target: str
    engine: str
    profile: Profile
    begun: float
    verdicts: tuple[Verdict, ...]
    image_id: str | None = None
    kept: str | None = None

    @property
    def is_good(self) -> bool:
        return all(verdict.is_good for verdict in self.verdicts)

    @property
    def word(self) -> str:
        return "certified" if self.is_good else "not certified"

    @property
    def seconds(self) -> float:
        return sum(verdict.seconds for verdict in self.verdicts)

    @property
    def counts(self) -> Sequence[tuple[Outcome, int]]:
        """How many verdicts there are of each outcome that there is."""
        counted = Counter(verdict.finding.outcome for verdict in self.verdicts)
        return [(outcome, counted[outcome]) for outcome in Outcome if counted[outcome]]

    @property
    def sections(self) -> Sequence[tuple[str, Sequence[Verdict]]]:
        """The verdicts by what they are to a reader, those to act on first; none is empty."""
        sections = [
            (heading, [each for each in self.verdicts if each.finding.outcome in outcomes])
            for heading, outcomes in _SECTIONS
        ]
        return [(heading, verdicts) for heading, verdicts in sections if verdicts]

    def __str__(self) -> str:
        return ", ".join(f"{count} {outcome.value}" for outcome, count in self.counts)

    def to_document(self) -> dict[str, Any]:
        return {
            "Target": self.target,
            "ImageId": self.image_id,
            "Engine": self.engine,
            "Profile": self.profile.value,
            "Begun": self.begun,
            "Seconds": round(self.seconds, 3),
            "Home": self.kept,
            "IsGood": self.is_good,
            "Checks": [verdict.to_document() for verdict in self.verdicts],
        }
