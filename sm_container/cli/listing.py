"""Jobs in a list: aligned columns for a person, ListTrainingJobs' words for a program."""

from __future__ import annotations

import shutil
import time
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timezone
from typing import Any

import click

from sm_container.cli.stream import Stream
from sm_container.cli.text import duration, one_line
from sm_container.harness.store.index import Summary

_HEADERS = ("NAME", "STATUS", "CREATED", "TRAINED", "ENGINE", "TARGET")
_LEAST_ROOM = 8
_COLOURS = {"Completed": "green", "Failed": "red", "Stopped": "yellow", "Damaged": "red"}


def as_table(summaries: Sequence[Summary], orphans: Collection[str], out: Stream) -> Iterator[str]:
    """The lines of a table; on a terminal the last column is cut at its edge, or left out."""
    rows = [_HEADERS, *(_cells(each, each.name in orphans) for each in summaries)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADERS) - 1)]
    room = shutil.get_terminal_size().columns - sum(widths) - 2 * len(widths)
    for index, row in enumerate(rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        target = row[-1]
        if out.is_terminal and room <= _LEAST_ROOM:
            target = ""
        elif out.is_terminal and len(target) > room:
            target = f"…{target[-(room - 1) :]}"  # a path says more by its end
        if out.has_colour:
            colour = _COLOURS.get(row[1])
            cells[1] = click.style(cells[1], fg=colour) if colour else cells[1]
        line = "  ".join([*cells, target]).rstrip()
        yield click.style(line, bold=True) if index == 0 and out.has_colour else line


def to_document(summary: Summary, is_orphan: bool) -> dict[str, Any]:
    """A job as JSON. Source: ListTrainingJobs, TrainingJobSummary."""
    return {
        "TrainingJobName": summary.name,
        "TrainingJobStatus": summary.status,
        "SecondaryStatus": summary.secondary,
        "CreationTime": _iso(summary.created),
        "LastModifiedTime": _iso(summary.modified),
        "TrainingTimeInSeconds": summary.seconds,
        "SmContainer": {
            "Attempts": summary.attempts,
            "Engine": summary.engine,
            "Target": summary.target,
            "IsOrphan": is_orphan,
        },
    }


def _cells(summary: Summary, is_orphan: bool) -> tuple[str, ...]:
    status = summary.status
    if status in ("InProgress", "Stopping"):
        status = summary.secondary
        if summary.attempts > 1:
            status = f"{status}, attempt {summary.attempts}"
    if is_orphan:
        status = f"{status}, orphan"
    age = f"{_coarse(time.time() - summary.created)} ago" if summary.created else "?"
    trained = "" if summary.seconds is None else duration(summary.seconds)
    return (summary.name, status, age, trained, summary.engine or "", one_line(summary.target, 999))


def _coarse(seconds: float) -> str:
    """A duration in its larger unit alone, for a narrow column."""
    return " ".join(duration(seconds).split()[:2])


def _iso(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, timezone.utc).isoformat(timespec="milliseconds")
