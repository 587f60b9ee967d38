"""How the checks of ``certify`` look while they are made: a row each, and which one it is now."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import click

from sm_container.cli.stream import Stream
from sm_container.cli.text import duration, one_line, wrapped
from sm_container.testing.certify.check import Check, Outcome, Verdict

if TYPE_CHECKING:
    from rich.progress import Progress

_MARKS: dict[Outcome, tuple[str, str | None]] = {
    Outcome.PASS: ("pass", "green"),
    Outcome.FAIL: ("FAIL", "red"),
    Outcome.NOT_APPLICABLE: ("n/a ", None),
    Outcome.ERROR: ("ERR ", "yellow"),
}
_LEAST_ROOM = 32
_INDENT = 6
_LIMIT = 600
_LIMIT_OF_GOOD = 160
"""On a terminal: what is well is read in passing."""


class Rows:
    """Verdicts as the rows of a table whose last column is wrapped on a terminal, and elsewhere a
    line each. ``width`` is that of the longest name."""

    def __init__(self, out: Stream, width: int) -> None:
        self._out = out
        self._width = width
        columns = shutil.get_terminal_size().columns if out.is_terminal else 0
        self._left = len("pass  ") + width + 2
        self._is_narrow = out.is_terminal and columns - self._left < _LEAST_ROOM
        if self._is_narrow:
            self._left = _INDENT
        self._room = columns - self._left if out.is_terminal else 0

    def add(self, verdict: Verdict) -> None:
        mark, colour = _MARKS[verdict.finding.outcome]
        name = verdict.check.name.ljust(self._width)
        shown = click.style(mark, fg=colour) if self._out.has_colour and colour else mark
        limit = _LIMIT_OF_GOOD if verdict.is_good and self._room else _LIMIT
        took = f" ({duration(verdict.seconds)})" if verdict.jobs else ""
        first, *others = self._lines(f"{one_line(verdict.finding.seen, limit)}{took}")
        if self._is_narrow:
            self._out.line(f"{shown}  {name.rstrip()}")
            others = [first, *others]
        else:
            self._out.line(f"{shown}  {name}  {first}")
        self._indented(others)
        if verdict.finding.outcome is Outcome.FAIL:
            self._below("why:  ", verdict.check.why)
            self._below("mend: ", verdict.check.mend)

    def _below(self, heading: str, text: str) -> None:
        lines = wrapped(text, self._room - len(heading)) if self._room else [text]
        first, *others = lines
        self._indented([f"{heading}{first}", *(" " * len(heading) + each for each in others)])

    def _indented(self, lines: list[str]) -> None:
        for line in lines:
            self._out.line(f"{' ' * self._left}{line}", dim=True)

    def _lines(self, text: str) -> list[str]:
        return wrapped(text, self._room) if self._room else [text]


class Now:
    """Says on a terminal which check is being made and for how long; nothing elsewhere. ``close``
    before anything else is written there."""

    def __init__(self, out: Stream) -> None:
        self._out = out
        self._shown: Progress | None = None

    def show(self, check: Check, number: int, total: int) -> None:
        if not self._out.is_terminal:
            return
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.table import Column

        text = TextColumn(
            "{task.description}",
            markup=False,
            table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1),
        )
        self._shown = Progress(
            SpinnerColumn(),
            text,
            TimeElapsedColumn(),
            console=Console(
                file=self._out.text(), force_terminal=True, no_color=not self._out.has_colour
            ),
            transient=True,
            expand=True,
        )
        self._shown.add_task(f"{number} of {total}  {check.name}: {check.title}", total=None)
        self._shown.start()

    def close(self) -> None:
        """Take it away; safe to repeat."""
        if self._shown is not None:
            self._shown.stop()
            self._shown = None
