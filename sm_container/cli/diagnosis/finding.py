"""One thing that was looked at, and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class State(str, Enum):
    """``warning``: something will not work that not every job needs."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Finding:
    """``what_to_do`` is empty where nothing is to be done."""

    subject: str
    state: State
    what: str
    what_to_do: str = ""

    @classmethod
    def ok(cls, subject: str, what: str) -> Finding:
        return cls(subject, State.OK, what)

    @classmethod
    def warning(cls, subject: str, what: str, what_to_do: str) -> Finding:
        return cls(subject, State.WARNING, what, what_to_do)

    @classmethod
    def problem(cls, subject: str, what: str, what_to_do: str) -> Finding:
        return cls(subject, State.PROBLEM, what, what_to_do)
