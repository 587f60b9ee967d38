"""Logs written by hand as the harness captures them, for hosts that no engine here can run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sm_container.harness.logs.capture import TIMES_ENTRY, times_of


def append(log: Path, writes: Iterable[tuple[int, bytes]]) -> Path:
    """Add writes to a log, each at a time in milliseconds since the epoch."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab") as file, open(times_of(log), "ab") as times:
        for moment, data in writes:
            times.write(TIMES_ENTRY.pack(file.tell(), moment))
            file.write(data)
    return log
