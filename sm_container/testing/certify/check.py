"""A check: what it asks, why that matters, how to mend what it finds, and how it looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sm_container.testing.certify.bench import Bench


class Outcome(str, Enum):
    """What came of a check."""

    PASS = "pass"
    FAIL = "fail"
    NOT_APPLICABLE = "not applicable"
    ERROR = "error"
    """It could not be tried, for a reason that is not the target's."""


class Profile(str, Enum):
    """How much is asked."""

    BASIC = "basic"
    """What a training job of one's own needs."""
    MARKETPLACE = "marketplace"
    """What others can use as well: what a reviewer of AWS Marketplace would look for."""


@dataclass(frozen=True)
class Finding:
    """``seen`` is one sentence of what was observed."""

    outcome: Outcome
    seen: str

    @classmethod
    def passed(cls, seen: str) -> Finding:
        return cls(Outcome.PASS, seen)

    @classmethod
    def failed(cls, seen: str) -> Finding:
        return cls(Outcome.FAIL, seen)

    @classmethod
    def not_applicable(cls, why: str) -> Finding:
        return cls(Outcome.NOT_APPLICABLE, why)


@dataclass(frozen=True)
class Check:
    """``name`` is for the command line and for JUnit, ``title`` says what holds where it passes,
    ``source`` names the service's documentation, or says that the rule is our own."""

    name: str
    title: str
    why: str
    mend: str
    source: str
    look: Callable[[Bench], Finding]
    profile: Profile = Profile.BASIC
    needs_sound_run: bool = True
    """Whether there is nothing to see where the job does not complete undisturbed."""

    def to_document(self) -> dict[str, Any]:
        return {
            "Name": self.name,
            "Title": self.title,
            "Profile": self.profile.value,
            "Why": self.why,
            "Mend": self.mend,
            "Source": self.source,
        }

    def is_in(self, profile: Profile) -> bool:
        return profile is Profile.MARKETPLACE or self.profile is Profile.BASIC


@dataclass(frozen=True)
class Verdict:
    """A check, and what it found in ``seconds``. ``jobs`` are the names of those that it ran."""

    check: Check
    finding: Finding
    seconds: float
    jobs: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        return self.finding.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE)

    def to_document(self) -> dict[str, Any]:
        return {
            **self.check.to_document(),
            "Outcome": self.finding.outcome.value,
            "Seen": self.finding.seen,
            "Seconds": round(self.seconds, 3),
            "Jobs": list(self.jobs),
        }
