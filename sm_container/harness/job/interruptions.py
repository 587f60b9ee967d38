"""Which attempt at a spot job is interrupted, and when: what ``run`` was told, in order.

The service interrupts when it needs the capacity. Whether SIGTERM comes before is not documented:
with a warning there is the grace after it, without one nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sm_container.harness.job.options import RunOptions


@dataclass(frozen=True)
class PlannedInterruption:
    """``seconds`` after the training of an attempt began."""

    seconds: float
    warned: bool


def planned(options: RunOptions, attempt: int) -> PlannedInterruption | None:
    """What is to befall an attempt, the first being 1; None where it is left alone.

    One attempt each for ``interrupt_after``, then one each for ``kill_after``, and all that follow
    by ``interrupt_every``.
    """
    first = _first(options)
    if attempt <= len(first):
        return first[attempt - 1]
    every = options.interrupt_every
    return None if every is None else PlannedInterruption(every, warned=True)


def any_planned(options: RunOptions) -> bool:
    """Whether anything is planned at all."""
    return planned(options, 1) is not None


def described(options: RunOptions) -> Iterator[str]:
    """What is planned, an attempt at a time: ``attempt 1 after 5 s of training, by SIGTERM``."""
    for number, each in enumerate(_first(options), 1):
        yield f"attempt {number} after {_how(each, options)}"
    if options.interrupt_every is not None:
        each = PlannedInterruption(options.interrupt_every, warned=True)
        which = "each later attempt" if _first(options) else "each attempt"
        yield f"{which} after {_how(each, options)}"


def _first(options: RunOptions) -> tuple[PlannedInterruption, ...]:
    return (
        *(PlannedInterruption(seconds, warned=True) for seconds in options.interrupt_after),
        *(PlannedInterruption(seconds, warned=False) for seconds in options.kill_after),
    )


def _how(each: PlannedInterruption, options: RunOptions) -> str:
    by = f"SIGTERM and {options.grace_seconds:g} s of grace" if each.warned else "SIGKILL"
    return f"{each.seconds:g} s of training, by {by}"
