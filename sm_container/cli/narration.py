"""What a person sees of a job while it runs: its statuses, its copies, its log."""

from __future__ import annotations

import threading

from sm_container.cli.progress import Progress
from sm_container.cli.stream import Stream
from sm_container.cli.text import clock, duration, one_line
from sm_container.harness.job.attempts import Interruption
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import Phase

_COLOURS = ("cyan", "magenta", "yellow", "green", "blue")


class LogPrinter:
    """Copies hosts' logs to a stream as they are; with several hosts each line says whose it is.

    When the stream's reader has gone away, that is said once on ``aside``.
    """

    def __init__(self, out: Stream, hosts: tuple[str, ...], aside: Stream, job: str) -> None:
        self._out = out
        self._aside = aside
        self._job = job
        self._told = False
        width = max(map(len, hosts), default=0)
        self._prefixes = {
            host: _prefix(host.ljust(width), _COLOURS[index % len(_COLOURS)], out.has_colour)
            for index, host in enumerate(hosts)
        }

    def write(self, host: str, data: bytes) -> None:
        if len(self._prefixes) > 1:
            prefix = self._prefixes[host]
            # Not splitlines: a progress bar's \r ends no line.
            lines = data.removesuffix(b"\n").split(b"\n")
            data = b"".join(prefix + line + b"\n" for line in lines)
        self._out.write(data)
        if self._out.fault is not None and not self._told:
            self._told = True
            self._aside.line(
                f"the log cannot be shown any more ({self._out.fault.strerror}); the job goes on: "
                f"sm-container logs {self._job}"
            )


def _prefix(host: str, colour: str, has_colour: bool) -> bytes:
    import click

    return (click.style(f"{host} | ", fg=colour) if has_colour else f"{host} | ").encode()


class Narration:
    """An observer that tells a person what happens, a line for each status and each note.

    ``heading`` is told once there is a job: not where its name is taken.
    """

    def __init__(self, out: Stream, log: LogPrinter, progress: Progress, heading: str = "") -> None:
        self._out = out
        self._heading = heading
        self._log = log
        self._progress = progress
        self._lock = threading.Lock()
        self._transitions = 0
        self._notes = 0
        self._interruptions = 0

    def record(self, record: JobRecord) -> None:
        with self._lock:
            if self._heading:
                self._out.line(self._heading, bold=True)
                self._heading = ""
            fresh = record.transitions[self._transitions :]
            if fresh:
                self._progress.close()
            for transition in fresh:
                self._out.line(
                    f"{clock(transition.start)} {transition.status.value} - {transition.message}",
                    dim=True,
                )
                if transition.phase is Phase.STOPPING and _is_running(record):
                    self._out.line(f"         {_how_it_stops(record)}", dim=True)
                if transition.phase is Phase.TRAINING and len(record.attempts) > 1:
                    self._out.line(f"         restarted: attempt {len(record.attempts)}", dim=True)
            self._transitions = len(record.transitions)
            lost = [each.interruption for each in record.attempts if each.interruption]
            for number, each in enumerate(lost[self._interruptions :], self._interruptions + 1):
                self._out.line(
                    f"{clock(each.at)} spot interruption {number}: {_how_it_is_lost(each, record)}",
                    fg="yellow",
                )
            self._interruptions = len(lost)
            for note in record.notes[self._notes :]:
                self._out.line(f"         note: {one_line(note, 500)}", fg="yellow")
            self._notes = len(record.notes)

    def log(self, host: str, data: bytes) -> None:
        self._log.write(host, data)

    def progress(self, what: str, done: int, total: int) -> None:
        with self._lock:
            self._progress.show(what, done, total)

    def close(self) -> None:
        """Nothing more is drawn, however the job came to its end."""
        with self._lock:
            self._progress.close()


def _is_running(record: JobRecord) -> bool:
    """Whether there is a program to be told that the job stops, as it now does."""
    return record.transitions[-2].phase is Phase.TRAINING


def _how_it_is_lost(interruption: Interruption, record: JobRecord) -> str:
    if not interruption.warned:
        return "SIGKILL, without a warning"
    return f"SIGTERM, grace {duration(record.options.grace_seconds)}"


def _how_it_stops(record: JobRecord) -> str:
    grace = duration(record.options.grace_seconds)
    return f"SIGTERM was sent, SIGKILL follows in {grace}; a second Ctrl-C kills at once"
