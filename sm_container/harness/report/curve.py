"""Values as they come, kept in few: exact counts and extremes, and enough points to draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from sm_container.harness.report.chart import Point
from sm_container.harness.report.scale import DRAWABLE

_KEPT = 600
_OF_FOUR = 4


@dataclass
class Curve:
    """One line's values. However many are added, at most twice 600 points are kept, and of those
    left out none is above or below its neighbours that stayed."""

    name: str
    count: int = 0
    left_out: int = 0
    """Values that are not finite, or too large to be drawn."""
    last: float = math.nan
    least: float = math.inf
    largest: float = -math.inf
    _points: list[Point] = field(default_factory=list)

    def add(self, moment: float, value: float) -> None:
        self.count += 1
        if not abs(value) <= DRAWABLE:  # nan is not, either
            self.left_out += 1
            return
        self.last = value
        self.least = min(self.least, value)
        self.largest = max(self.largest, value)
        self._points.append((moment, value))
        if len(self._points) >= 2 * _KEPT:
            self._points = _halved(self._points)

    @property
    def points(self) -> list[Point]:
        """In the order of time: a clock that was set back does not turn the line."""
        return sorted(self._points, key=lambda point: point[0])


def _halved(points: Sequence[Point]) -> list[Point]:
    """The least and the largest of every four."""
    kept: list[Point] = []
    for begin in range(0, len(points), _OF_FOUR):
        four = range(begin, min(begin + _OF_FOUR, len(points)))
        ends = {min(four, key=lambda at: points[at][1]), max(four, key=lambda at: points[at][1])}
        if len(ends) == 1 and len(four) > 1:  # all the same: the first and the last show it
            ends = {four[0], four[-1]}
        kept.extend(points[at] for at in sorted(ends))
    return kept
