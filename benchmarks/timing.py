"""Timing two sides fairly: turn by turn, so that a slow moment of the machine hits both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def side_by_side(
    ours: Callable[[], object],
    rival: Callable[[], object],
    repeats: int = 7,
    warm_up: int = 1,
    after_each: Callable[[], object] = lambda: None,
) -> tuple[float, float]:
    """Median seconds of both, measured in turn ``repeats`` times after ``warm_up`` unmeasured.

    ``after_each`` is called after every turn of either side, unmeasured.
    """

    def measured(work: Callable[[], object]) -> float:
        took = seconds(work)
        after_each()
        return took

    return in_turn(lambda: measured(ours), lambda: measured(rival), repeats, warm_up)


def in_turn(
    ours: Callable[[], float], rival: Callable[[], float], repeats: int, warm_up: int = 1
) -> tuple[float, float]:
    """Medians of what both say they took, asked in turn ``repeats`` times after ``warm_up`` for
    nothing."""
    pairs = [(ours(), rival()) for _ in range(warm_up + repeats)][warm_up:]
    return (
        statistics.median(mine for mine, _ in pairs),
        statistics.median(theirs for _, theirs in pairs),
    )


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
