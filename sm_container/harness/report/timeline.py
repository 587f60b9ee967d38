"""A job's life on a line: its statuses one after the other, its attempts, their interruptions.

Places are percents of the line, so that it is drawn in any width.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sm_container.harness.job.record import JobRecord
from sm_container.harness.report.scale import Scale, Tick, time_scale
from sm_container.harness.text import duration

_SHOWN = 30


@dataclass(frozen=True)
class Bar:
    """``kind`` is a secondary status, lower case."""

    left: float
    width: float
    kind: str
    title: str


@dataclass(frozen=True)
class Mark:
    at: float
    title: str


@dataclass(frozen=True)
class Lane:
    label: str
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Timeline:
    """``legend`` has each status that took time, and how long in all. ``hidden`` attempts, the
    first ones, are not drawn."""

    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    legend: tuple[tuple[str, str, str], ...]
    hidden: int


def timeline(record: JobRecord, until: float) -> Timeline:
    """The line from the job's creation on, ``until`` in epoch seconds."""
    end = max(until, record.created + 0.001)
    scale = time_scale(0.0, end - record.created)
    place = _Place(record.created, scale)
    totals: dict[str, float] = {}
    statuses = []
    for each in record.transitions:
        stop = end if each.end is None else each.end
        name = each.status.value
        if stop > each.start:
            totals[name] = totals.get(name, 0.0) + stop - each.start
            title = f"{name}, {duration(stop - each.start)}: {each.message}"
            statuses.append(place.bar(each.start, stop, name, title))
    attempts = tuple(_attempts(record, end, place))
    return Timeline(
        lanes=(Lane("statuses", tuple(statuses)), *attempts[-_SHOWN:]),
        ticks=tuple(Tick(round(scale.share(each.at) * 100, 3), each.text) for each in scale.ticks),
        legend=tuple((name.lower(), name, duration(total)) for name, total in totals.items()),
        hidden=max(0, len(attempts) - _SHOWN),
    )


@dataclass(frozen=True)
class _Place:
    """Where a moment, epoch seconds, stands on the line."""

    zero: float
    scale: Scale

    def at(self, moment: float) -> float:
        return round(min(max(self.scale.share(moment - self.zero), 0.0), 1.0) * 100, 3)

    def bar(self, start: float, stop: float, kind: str, title: str) -> Bar:
        return Bar(self.at(start), round(self.at(stop) - self.at(start), 3), kind.lower(), title)


def _attempts(record: JobRecord, end: float, place: _Place) -> Iterator[Lane]:
    """A lane each, where there was more than one, or the only one was interrupted."""
    is_plain = len(record.attempts) == 1 and record.attempts[0].interruption is None
    for number, each in enumerate(() if is_plain else record.attempts, 1):
        stop = end if each.end is None else each.end
        what = "goes on" if each.cause is None else each.cause
        label = f"attempt {number}: {what} after {duration(stop - each.start)}"
        marks = []
        if each.interruption is not None:
            how = "SIGTERM" if each.interruption.warned else "SIGKILL, without a warning"
            after = duration(each.interruption.at - each.start)
            marks.append(
                Mark(place.at(each.interruption.at), f"{how}, {after} into attempt {number}")
            )
            label += f" ({how})"
        kind = "training" if each.cause is None else each.cause
        yield Lane(label, (place.bar(each.start, stop, kind, label),), tuple(marks))
