"""How the verdicts of ``chaos`` look: a table for a person, a document for a program."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from typing import Any

from sm_container.cli.stream import Stream
from sm_container.cli.text import duration, one_line
from sm_container.testing.chaos.plan import Window
from sm_container.testing.chaos.verdict import Verdict

_HEADERS = ("TRIAL", "FAULT", "AFTER", "RESUMED", "FROM STEP", "LOST", "MODEL", "HOW")


def document(name: str, seed: int, window: Window, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """All of it for ``--json``; ``window`` is that of the undisturbed run."""
    return {
        "Name": name,
        "Seed": seed,
        "UndisturbedSeconds": window.end,
        "FirstCheckpointAfterSeconds": window.begin or None,
        "IsGood": all(verdict.is_good for verdict in verdicts),
        "Trials": [verdict.to_document() for verdict in verdicts],
    }


def table(verdicts: Sequence[Verdict], out: Stream) -> Iterator[str]:
    """The lines of a table; on a terminal the last column is cut at its edge."""
    rows = [_HEADERS, *(_cells(verdict) for verdict in verdicts)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADERS) - 1)]
    room = max(shutil.get_terminal_size().columns - sum(widths) - 2 * len(widths), 20)
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  ".join([*cells, one_line(row[-1], room if out.is_terminal else 999)]).rstrip()


def _cells(verdict: Verdict) -> tuple[str, ...]:
    lost = [] if verdict.seconds_lost is None else [duration(verdict.seconds_lost)]
    if verdict.steps_lost is not None:
        lost.append("1 step" if verdict.steps_lost == 1 else f"{verdict.steps_lost} steps")
    return (
        str(verdict.number),
        verdict.fault.value,
        "" if verdict.moment is None else duration(verdict.moment),
        "yes" if verdict.resumption.resumed else "no",
        "" if verdict.from_step is None else str(verdict.from_step),
        ", ".join(lost),
        "agrees" if verdict.agreement.agrees else "differs",
        f"{verdict.resumption.how}; {verdict.agreement.how}",
    )
