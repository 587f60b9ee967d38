"""What is wrong with a request: every fault, in one error of one line."""

from __future__ import annotations


class RequestError(ValueError):
    """A request that cannot be accepted, with all its faults.

    `faults` holds one sentence each; the first `constraints` of them are violations of the
    service's model (the ones that the service counts), the others its cross-field rules and what
    this version cannot do. The message is the service's: ``N validation errors detected: a; b``,
    or the sentence alone where there is a single one that the service does not count.
    """

    def __init__(self, faults: tuple[str, ...], constraints: int = 0) -> None:
        self.faults = faults
        self.constraints = constraints
        super().__init__(_message(faults, constraints))

    def __reduce__(self) -> tuple[type[RequestError], tuple[tuple[str, ...], int]]:
        return type(self), (self.faults, self.constraints)


class DocumentError(ValueError):
    """A request file that cannot be read: one line with file, line and column."""


def _message(faults: tuple[str, ...], constraints: int) -> str:
    if len(faults) == 1 and not constraints:
        return faults[0]
    plural = "" if len(faults) == 1 else "s"
    return f"{len(faults)} validation error{plural} detected: {'; '.join(faults)}"
