"""The errors of this room: a declaration that cannot stand, and values that do not fit one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from sm_container.contract.redaction import REDACTED, holds_secret, is_secret

_SHOWN = 80


class DeclarationError(Exception):
    """An algorithm's author declared something that cannot be: a defect of the program."""


def require(kind: type, what: str, given: object) -> None:
    """Raise DeclarationError where ``given`` is no ``kind``, a policy: text in its place would be
    taken in silence for none of its members."""
    if isinstance(given, kind):
        return
    if issubclass(kind, Enum):
        wanted = "one of " + ", ".join(f"sm.{member}" for member in kind)
    else:
        wanted = f"a sm.{kind.__name__}(...)"
    raise DeclarationError(f"{what} is {wanted}, not {given!r}")


@dataclass(frozen=True)
class Fault:
    """What is wrong with one hyperparameter.

    ``value`` is the text as it came, None where there was none; ``expected`` says what would
    have been right.
    """

    name: str
    value: str | None
    expected: str

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.name} {self.expected}"
        return f"{self.name} = {_shown(self.name, self.value)} {self.expected}"


def _shown(name: str, value: str) -> str:
    if is_secret(name) or holds_secret(value):
        return REDACTED
    return repr(value if len(value) <= _SHOWN else f"{value[: _SHOWN - 1]}…")


class HyperparameterError(Exception):
    """The hyperparameters of a job do not fit the declaration; every fault is named.

    A user's fault: the message says what to change, and holds no secret.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(tuple(faults))
        self.faults = tuple(faults)

    def __str__(self) -> str:
        return "; ".join(map(str, self.faults))
