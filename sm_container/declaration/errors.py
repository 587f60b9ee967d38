"""The errors of this room: a declaration that cannot stand, and values that do not fit one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sm_container.contract.redaction import REDACTED, holds_secret, is_secret

_SHOWN = 80


class DeclarationError(Exception):
    """An algorithm's author declared something that cannot be: a defect of the program."""


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
