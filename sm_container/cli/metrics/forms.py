"""Tallies of metrics as a table for a person, as JSON or csv for a program."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from sm_container.cli.text import moment, one_line
from sm_container.harness.metrics.tally import Tally

_HEADERS = ("METRIC", "COUNT", "NOT FINITE", "LAST", "MIN", "MAX", "FIRST AT", "LAST AT")
_NOT_FINITE = _HEADERS.index("NOT FINITE")
_MEMBERS = (
    "MetricName",
    "SampleCount",
    "NotFinite",
    "Last",
    "Minimum",
    "Maximum",
    "FirstTimestamp",
    "LastTimestamp",
)


def as_json(tallies: Mapping[str, Tally]) -> Iterator[str]:
    """A list of objects; what is not known is not a member."""
    yield json.dumps([_document(name, tally) for name, tally in tallies.items()], indent=2)


def as_csv(tallies: Mapping[str, Tally]) -> Iterator[str]:
    """The members of the JSON form; what is not known is empty."""
    for row in (
        dict(zip(_MEMBERS, _MEMBERS, strict=True)),
        *map(_document, tallies, tallies.values()),
    ):
        text = io.StringIO()
        csv.DictWriter(text, _MEMBERS, lineterminator="").writerow(row)
        yield text.getvalue()


def as_table(tallies: Mapping[str, Tally]) -> Iterator[str]:
    """Aligned columns, with numbers shortened; a column for nan and inf where there are any."""
    rows = [_HEADERS, *map(_cells, tallies, tallies.values())]
    if not any(tally.not_finite for tally in tallies.values()):
        rows = [(*row[:_NOT_FINITE], *row[_NOT_FINITE + 1 :]) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(map(str.ljust, row, widths)).rstrip()


def _document(name: str, tally: Tally) -> dict[str, Any]:
    values = (tally.last, tally.minimum, tally.maximum) if tally.count else (None,) * 3
    times = (None if at is None else _iso(at) for at in (tally.first_at, tally.last_at))
    said = (name, tally.count, tally.not_finite, *values, *times)
    members = zip(_MEMBERS, said, strict=True)
    return {member: value for member, value in members if value is not None}


def _cells(name: str, tally: Tally) -> tuple[str, ...]:
    values = (tally.last, tally.minimum, tally.maximum)
    return (
        one_line(name),
        str(tally.count),
        str(tally.not_finite or ""),
        *(f"{value:.6g}" if tally.count else "" for value in values),
        *("" if at is None else moment(at) for at in (tally.first_at, tally.last_at)),
    )


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).isoformat(timespec="milliseconds")
