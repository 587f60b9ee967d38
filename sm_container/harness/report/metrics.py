"""A job's metrics, one chart each with a line a host."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sm_container.harness.job.record import JobRecord
from sm_container.harness.metrics.periods import values
from sm_container.harness.report.chart import Chart, Line, chart
from sm_container.harness.report.curve import Curve
from sm_container.harness.store.folder import JobFolder


@dataclass(frozen=True)
class MetricChart:
    """``chart`` is None where no value can be drawn."""

    name: str
    curves: tuple[Curve, ...]
    chart: Chart | None

    @property
    def left_out(self) -> int:
        return sum(each.left_out for each in self.curves)


def metric_charts(record: JobRecord, folder: JobFolder, until: float) -> Iterator[MetricChart]:
    """Every metric that has values, in the order of its definition's first value."""
    found: dict[str, dict[str, Curve]] = {}
    for each in values(folder):
        hosts = found.setdefault(each.name, {})
        hosts.setdefault(each.host, Curve(each.host)).add(
            each.timestamp - record.created, each.value
        )
    for name, hosts in found.items():
        curves = tuple(hosts.values())
        yield MetricChart(name, curves, lines_of(record, curves, until))


def lines_of(
    record: JobRecord,
    curves: tuple[Curve, ...],
    until: float,
    *,
    limit: float | None = None,
    from_zero: bool = False,
    unit: str = "",
) -> Chart | None:
    """A chart of curves from the start of training on, ``until`` in epoch seconds: broken where
    another attempt began, marked where one was interrupted."""
    lines = [Line(each.name, each.points) for each in curves]
    if not any(line.points for line in lines):
        return None
    started = record.attempts[0].start if record.attempts else record.created
    lost = [each.interruption.at for each in record.attempts if each.interruption is not None]
    return chart(
        lines,
        limit=limit,
        from_zero=from_zero,
        breaks=[each.start - record.created for each in record.attempts],
        marks=[each - record.created for each in lost],
        span=(started - record.created, max(started, until) - record.created),
        unit=unit,
    )
