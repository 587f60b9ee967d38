"""The statistics of a metric over periods.

Source: GetMetricStatistics; CloudWatch user guide, "CloudWatch statistics definitions". A job's
values stay as they are for as long as the job does: none is summed up after hours or weeks.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from sm_container.harness.metrics.periods import Period, Value, periods
from sm_container.harness.request.wording import display
from sm_container.service.monitoring.errors import invalid_value
from sm_container.service.monitoring.metrics import Metric

_SHORT = (1, 5, 10, 20, 30)
_MINUTE = 60
_LONGEST = 86_400 * 366
_LAST = 253_402_300_799
"""The last second of the year 9999."""
_PERCENTILE = re.compile(r"p(?P<percent>[0-9]{1,3}(\.[0-9]{1,10})?)")

STATISTICS: Mapping[str, Callable[[Period], float]] = {
    "SampleCount": lambda period: float(period.sample_count),
    "Average": lambda period: period.average,
    "Sum": lambda period: period.sum,
    "Minimum": lambda period: period.minimum,
    "Maximum": lambda period: period.maximum,
}


@dataclass(frozen=True)
class Datapoint:
    """What a period's values come to, by statistic; ``start`` in epoch seconds."""

    start: float
    statistics: Mapping[str, float]

    @property
    def time(self) -> datetime:
        return datetime.fromtimestamp(self.start, timezone.utc)


@dataclass(frozen=True)
class Window:
    """Whole periods: those that begin from ``start`` on and before ``end``, epoch seconds."""

    start: float
    end: float
    period: int

    @classmethod
    def of(cls, start: float, end: float, period: int) -> Window:
        """The window of a request. Its start is rounded down as the service does it, and to the
        beginning of a period, so that each period has all its values.

        Raises:
            ServiceError: where there is no such period, or the end is not after the start.
        """
        if period not in _SHORT and (period % _MINUTE or period > _LONGEST):
            raise invalid_value(
                f"The parameter Period must be a value in the set {list(_SHORT)} or a multiple of "
                f"{_MINUTE}."
            )
        if not all(0 <= each <= _LAST for each in (start, end)):  # nor is NaN
            raise invalid_value("StartTime and EndTime must be times since 1970")
        if start >= end:
            raise invalid_value("The parameter StartTime must be less than the parameter EndTime.")
        rounding = period if period in _SHORT and period > 1 else max(period, _MINUTE)
        return cls(start // rounding * rounding, end, period)

    @property
    def count(self) -> int:
        """How many datapoints there can be."""
        return math.ceil((self.end - self.start) / self.period)


def require_statistic(name: str) -> None:
    """Raises ServiceError where a statistic is not one that is computed here."""
    found = _PERCENTILE.fullmatch(name)
    if name not in STATISTICS and (found is None or float(found["percent"]) > 100):
        raise invalid_value(
            f"The statistic '{display(name)}' is not computed here; there are: "
            f"{', '.join(STATISTICS)}, and percentiles from p0 to p100"
        )


def datapoints(metric: Metric | None, window: Window, names: Sequence[str]) -> list[Datapoint]:
    """A metric's datapoints in a window, the oldest first; a period without values has none.

    Values that are not finite are left out, as CloudWatch takes none. As in the service, there are
    no percentiles of a metric that has been negative.
    """
    if metric is None:
        return []
    last = window.start + window.count * window.period
    found = [each for each in metric.values(window.start, last) if math.isfinite(each.value)]
    percentiles = [each for each in names if each not in STATISTICS]
    if percentiles and any(each.value < 0 for each in found):
        return []
    sorted_values = _by_period(found, window.period) if percentiles else {}
    return [
        Datapoint(
            period.start,
            {
                name: STATISTICS[name](period)
                if name in STATISTICS
                else _percentile(sorted_values[period.start], float(name[1:]))
                for name in names
            },
        )
        for period in periods(found, window.period)
    ]


def _by_period(found: Iterable[Value], period: int) -> dict[float, list[float]]:
    by_start: dict[float, list[float]] = {}
    for each in found:
        by_start.setdefault(each.timestamp // period * period, []).append(each.value)
    return {start: sorted(those) for start, those in by_start.items()}


def _percentile(ordered: Sequence[float], percent: float) -> float:
    """The value below which a percent of others are, between two of them in proportion. How the
    service interpolates is not documented."""
    place = percent / 100 * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
