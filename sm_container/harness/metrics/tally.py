"""What is known of a metric's values: how many, the last, the least and the largest, since when."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

Moments = Callable[[int], float | None]
"""When a line came, by its number, in epoch seconds."""


@dataclass(frozen=True)
class Tally:
    """Values of one metric. Times are epoch seconds, None where the log says none.

    All but ``not_finite``, the number of ``nan`` and ``inf``, speaks of the ``count`` finite
    values: the service keeps no others. Source: CloudWatch, MetricDatum.
    """

    count: int = 0
    not_finite: int = 0
    last: float = math.nan
    minimum: float = math.inf
    maximum: float = -math.inf
    first_at: float | None = None
    last_at: float | None = None

    @classmethod
    def of(cls, values: Sequence[tuple[int, float]], moment: Moments) -> Tally:
        """The tally of values, each with the number of its line."""
        timed = [pair for pair in values if math.isfinite(pair[1])]
        finite = [value for _, value in timed]
        not_finite = len(values) - len(finite)
        if not finite:
            return cls(not_finite=not_finite)
        least, largest = min(finite), max(finite)
        first_at, last_at = moment(timed[0][0]), moment(timed[-1][0])
        return cls(len(finite), not_finite, finite[-1], least, largest, first_at, last_at)

    def followed_by(self, later: Tally) -> Tally:
        """This tally and one of what follows it in the same log."""
        first, last = (self if self.count else later), (later if later.count else self)
        return Tally(
            count=self.count + later.count,
            not_finite=self.not_finite + later.not_finite,
            last=last.last,
            minimum=min(self.minimum, later.minimum),
            maximum=max(self.maximum, later.maximum),
            first_at=first.first_at,
            last_at=last.last_at,
        )

    def beside(self, other: Tally) -> Tally:
        """This tally and one of another host's log: the last value is the one that came later."""
        is_later = (self.last_at or -math.inf) > (other.last_at or -math.inf)
        both = other.followed_by(self) if is_later else self.followed_by(other)
        firsts = [each.first_at for each in (self, other) if each.first_at is not None]
        return replace(both, first_at=min(firsts, default=None))

    def to_row(self) -> list[Any]:
        """For another process; ``from_row`` reads it back."""
        return [
            self.count,
            self.not_finite,
            self.last,
            self.minimum,
            self.maximum,
            self.first_at,
            self.last_at,
        ]

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Tally:
        return cls(*row)
