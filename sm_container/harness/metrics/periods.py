"""A job's values over time, read from its folder while it runs or afterwards, and in periods.

Source: CloudWatch, GetMetricStatistics: a period begins at a multiple of its length.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.series import points


@dataclass(frozen=True)
class Value:
    """One value of a metric, which may be ``nan`` or ``inf``; the time in epoch seconds."""

    host: str
    name: str
    timestamp: float
    value: float


@dataclass(frozen=True)
class Period:
    """The finite values of a period that begins at ``start``, epoch seconds; one at least."""

    start: float
    sample_count: int
    sum: float
    minimum: float
    maximum: float

    @property
    def average(self) -> float:
        return self.sum / self.sample_count


def values(
    folder: JobFolder,
    *,
    name: str | None = None,
    host: str | None = None,
    start: float = -math.inf,
    end: float = math.inf,
) -> Iterator[Value]:
    """The values of one metric or all, of one host or all, from ``start`` on and before ``end``.

    Host by host; of each in the order of its log.
    """
    for each in folder.hosts_with_metrics() if host is None else (host,):
        for point in points(folder.metrics(each)):
            value = Value(each, point["MetricName"], point["Timestamp"], float(point["Value"]))
            if (name is None or value.name == name) and start <= value.timestamp < end:
                yield value


def periods(values: Iterable[Value], seconds: float = 1.0) -> list[Period]:
    """The statistics of values by period, those that have any, in their order."""
    by_start: dict[float, Period] = {}
    for each in values:
        if not math.isfinite(each.value):
            continue
        start = each.timestamp // seconds * seconds
        so_far = by_start.get(start) or Period(start, 0, 0.0, math.inf, -math.inf)
        by_start[start] = Period(
            start,
            so_far.sample_count + 1,
            so_far.sum + each.value,
            min(so_far.minimum, each.value),
            max(so_far.maximum, each.value),
        )
    return [by_start[start] for start in sorted(by_start)]
