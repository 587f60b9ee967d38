"""Reading a captured log: its lines with their times, its tail, or as it grows."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path

from sm_container.harness.logs.capture import TIMES_ENTRY, times_of

_CHUNK = 256 * 1024


def timed_lines(log: Path) -> Iterator[tuple[float, bytes]]:
    """Each line of a log without its newline, and when it was captured, in epoch seconds."""
    offsets, moments = _times(log)
    if not log.exists():
        return
    position = 0
    with open(log, "rb", buffering=_CHUNK) as file:
        for line in file:
            entry = bisect_right(offsets, position) - 1
            yield (moments[entry] / 1000 if entry >= 0 else 0.0), line.rstrip(b"\n")
            position += len(line)


def tail(log: Path, lines: int) -> bytes:
    """The last lines of a log, with their newlines; empty where there is no log."""
    if not log.exists():
        return b""
    with open(log, "rb") as file:
        position = file.seek(0, os.SEEK_END)
        found = b""
        while position > 0 and found.count(b"\n") <= lines:
            size = min(_CHUNK, position)
            position -= size
            file.seek(position)
            found = file.read(size) + found
    if not lines or not found:
        return b""
    # Not splitlines: a progress bar's \r ends no line.
    end = b"\n" if found.endswith(b"\n") else b""
    return b"\n".join(found.removesuffix(b"\n").split(b"\n")[-lines:]) + end


def _times(log: Path) -> tuple[list[int], list[int]]:
    try:
        data = times_of(log).read_bytes()
    except FileNotFoundError:
        return [], []
    whole = len(data) - len(data) % TIMES_ENTRY.size
    pairs = list(TIMES_ENTRY.iter_unpack(data[:whole]))
    return [offset for offset, _ in pairs], [moment for _, moment in pairs]
