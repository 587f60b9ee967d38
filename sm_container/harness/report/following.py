"""A host's log as it grows, piece by piece: whole lines, and no more at once than a page takes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sm_container.harness.report.tail import plain

PIECE = 128 * 1024
"""Bytes of a piece at most; what was written before the last of them is left out."""


@dataclass(frozen=True)
class Piece:
    """What was written from some byte of a log to before ``end``; ``is_whole`` where nothing
    between was left out."""

    text: str
    end: int
    is_whole: bool


def piece(log: Path, start: int = 0, *, is_ended: bool = False) -> Piece:
    """The lines from a byte offset on, as a terminal would leave them; of a log that is not there
    yet, or has fewer bytes, none.

    A line without its end is left for the next time, but where the log ``is_ended``, or the line is
    longer than a piece.
    """
    try:
        file = open(log, "rb")  # noqa: SIM115 - closed below
    except FileNotFoundError:
        return Piece("", start, True)
    with file:
        size = file.seek(0, os.SEEK_END)
        begin = max(start, size - PIECE)
        file.seek(min(begin, size))
        data = file.read(max(0, size - begin))
    is_whole = begin == start
    if not is_whole:  # where it begins is within a line
        cut = data.find(b"\n") + 1
        begin, data = begin + cut, data[cut:]
    if not is_ended and len(data) < PIECE:
        data = data[: data.rfind(b"\n") + 1]
    return Piece(plain(data.decode("utf-8", "replace")), begin + len(data), is_whole)
