"""A job in words, for a person who looks for what went wrong."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sm_container.contract.layout import Layout
from sm_container.contract.outcome import read_failure
from sm_container.harness.job.record import JobRecord
from sm_container.harness.outputs.files import is_contained
from sm_container.harness.store.folder import JobFolder

HOST = "algo-1"
SHOWN_LINES = 40


@dataclass
class StartedJob:
    """A job that was started, or is about to be. ``command`` is what its engine runs, secrets left
    out; empty until it does."""

    folder: JobFolder
    command: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.folder.name

    def describe(self, lines: int = SHOWN_LINES) -> str:
        """As far as it has come: its status, its command, the end of its log."""
        if not self.folder.record.exists():
            return f"{self.name} was not made: what stood in its way is said above"
        return description(self.folder.read(), self.folder, self.command, lines)


def description(
    record: JobRecord, folder: JobFolder, command: Sequence[str], lines: int = SHOWN_LINES
) -> str:
    """Status, reason, failure file, notes, the engine's command and the last ``lines`` of the
    log."""
    return "\n".join([*_facts(record, folder, command), *_tail(folder, lines)])


def failure_of(folder: JobFolder, host: str = HOST) -> str | None:
    """What a host's algorithm wrote to ``/opt/ml/output/failure``; None where it wrote nothing."""
    layout = Layout(folder.tree(host))
    return read_failure(layout.failure) if is_contained(layout.failure, layout.base) else None


def log_of(folder: JobFolder, host: str = HOST) -> str:
    """All that a host has written, of every start."""
    path = folder.log(host)
    return path.read_text("utf-8", "replace") if path.exists() else ""


def shortened(text: str, limit: int = 160) -> str:
    """The beginning of a text on one line, for where there is no room for more."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _facts(record: JobRecord, folder: JobFolder, command: Sequence[str]) -> Iterator[str]:
    code = "never started" if record.exit_code is None else f"exit code {record.exit_code}"
    yield f"status: {record.status.value} ({record.secondary_status.value}), {code}"
    reason = record.failure_reason or record.fault
    if reason:
        yield f"reason: {reason}"
    failure = failure_of(folder)
    if failure:
        yield f"failure file: {failure}"
    for note in record.notes:
        yield f"note: {note}"
    if command:
        yield f"command: {shlex.join(command) if len(command) > 1 else command[0]}"
    yield f"job folder: {folder.path}"


def _tail(folder: JobFolder, lines: int) -> Iterator[str]:
    every = log_of(folder).splitlines()
    shown = every[-lines:] if lines > 0 else []
    yield f"log, the last {len(shown)} of {len(every)} lines:"
    yield from shown
