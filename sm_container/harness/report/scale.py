"""Axes: where the ticks of a range stand, and what is written at them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

DRAWABLE = 1e300
"""The largest value, up or down, whose distances to others are still numbers."""

_LEAST = 1e-290
_UNITS = ((1, "s"), (60, "min"), (3600, "h"), (86_400, "d"))
_ENOUGH = 2.5  # of a larger unit, before it is the better one


@dataclass(frozen=True)
class Tick:
    at: float
    text: str


@dataclass(frozen=True)
class Scale:
    """A range of numbers, ``low`` below ``high``, with its ticks."""

    low: float
    high: float
    ticks: tuple[Tick, ...]

    def share(self, value: float) -> float:
        """Where a value stands in the range: 0 at its low end, 1 at its high one."""
        return (value - self.low) / (self.high - self.low)


def value_scale(values: Sequence[float], count: int = 4) -> Scale:
    """The range of values no larger than DRAWABLE, from tick to tick; about ``count`` steps."""
    low, high = _apart(min(values), max(values))
    step = _nice((high - low) / count)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    digits = max(3, math.ceil(math.log10(max(abs(first), abs(last), 1)) + 1e-9) + 1)
    ticks = tuple(Tick(each * step, f"{each * step:.{digits}g}") for each in range(first, last + 1))
    return Scale(first * step, last * step, ticks)


def time_scale(low: float, high: float, count: int = 5) -> Scale:
    """The range of times, in seconds, as it is; its ticks are round in the unit that suits it."""
    if high - low < 1e-3:
        low, high = low - 0.5, high + 0.5
    length, unit = _UNITS[0]
    for longer, name in _UNITS[1:]:
        if high - low >= _ENOUGH * longer:
            length, unit = longer, name
    step = _nice((high - low) / count / length)
    first, last = math.ceil(low / length / step - 1e-9), math.floor(high / length / step + 1e-9)
    ticks = tuple(
        Tick(each * step * length, f"{each * step:.6g} {unit}") for each in range(first, last + 1)
    )
    return Scale(low, high, ticks)


def _apart(low: float, high: float) -> tuple[float, float]:
    """The same range, with room around it where it has no length that can be drawn."""
    largest = max(abs(low), abs(high))
    if high - low > max(largest * 1e-12, _LEAST):
        return low, high
    room = largest * 0.1 if largest > _LEAST else 1.0
    return low - room, high + room


def _nice(step: float) -> float:
    """1, 2 or 5 times a power of ten, whichever is nearest to a step by ratio."""
    power: float = 10.0 ** math.floor(math.log10(step))
    return power * min((1, 2, 5, 10), key=lambda each: abs(math.log(step / power / each)))
