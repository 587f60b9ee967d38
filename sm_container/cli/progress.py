"""How far a copy is: bars on a terminal, a line for each that is done elsewhere."""

from __future__ import annotations

from typing import Protocol

from sm_container.cli.stream import Stream
from sm_container.harness.sizes import size


class Progress(Protocol):
    """Shows copies of channels and artifacts while they run."""

    def show(self, what: str, done: int, total: int) -> None:
        """``done`` of ``total`` bytes of a channel, ``model`` or ``output`` are copied."""

    def close(self) -> None:
        """No more of these copies; others may follow."""


class Lines:
    """One line for each copy that has come to its end."""

    def __init__(self, out: Stream) -> None:
        self._out = out
        self._said: set[str] = set()

    def show(self, what: str, done: int, total: int) -> None:
        if done >= total and what not in self._said:
            self._said.add(what)
            self._out.line(f"         {what}: {size(total)}")

    def close(self) -> None:
        self._said.clear()


class Bars:
    """A bar for each copy, drawn on the stream's terminal until the phase ends."""

    def __init__(self, out: Stream) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            TaskID,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )
        from rich.progress import Progress as RichProgress

        console = Console(file=out.text(), force_terminal=True, no_color=not out.has_colour)
        self._tasks: dict[str, TaskID] = {}

        def make() -> RichProgress:
            return RichProgress(
                TextColumn("        "),
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(elapsed_when_finished=True),
                console=console,
            )

        self._make = make
        self._bars: RichProgress | None = None

    def show(self, what: str, done: int, total: int) -> None:
        if self._bars is None:
            self._bars = self._make()
            self._bars.start()
        if what not in self._tasks:
            self._tasks[what] = self._bars.add_task(what, total=total)
        self._bars.update(self._tasks[what], completed=done, total=total)

    def close(self) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None
            self._tasks.clear()


def progress_on(out: Stream) -> Progress:
    """Bars where the stream is a terminal, lines elsewhere."""
    return Bars(out) if out.is_terminal else Lines(out)
