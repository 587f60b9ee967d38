"""What the supervisor tells the program below it: that it is there, and when a stop came.

A program in the middle of a long call into C runs its signal handler late. So the supervisor
notes when it forwarded SIGTERM in a file in memory, and the time that is left can be told.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

SUPERVISED_VARIABLE = "SM_CONTAINER_SUPERVISED"
"""The supervisor's process id."""

STOPPED_VARIABLE = "SM_CONTAINER_STOPPED"
"""A path: empty at first, then the CLOCK_MONOTONIC seconds at which SIGTERM was forwarded."""


def open_note() -> int | None:
    """A descriptor for `write_note`; None where there are no files in memory."""
    try:
        return os.memfd_create("stopped")
    except (OSError, AttributeError):  # an old kernel, a C library without it
        return None


def variables(supervisor: int, note: int | None) -> dict[str, str]:
    """What the program's environment says of the supervisor."""
    told = {SUPERVISED_VARIABLE: str(supervisor)}
    if note is not None:
        told[STOPPED_VARIABLE] = f"/proc/{supervisor}/fd/{note}"
    return told


def write_note(note: int | None, at: float) -> None:
    """Say that a stop came ``at``, by ``time.monotonic``."""
    if note is not None:
        os.pwrite(note, repr(at).encode(), 0)


def stopped_at(environ: Mapping[str, str]) -> float | None:
    """When the supervisor forwarded a stop; None if it did not, or there is none."""
    try:
        with open(environ.get(STOPPED_VARIABLE, ""), "rb") as file:
            return float(file.read())
    except (OSError, ValueError):
        return None
