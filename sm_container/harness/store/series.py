"""Points in time, one JSON object a line: appended while a job runs, read by anybody meanwhile.

Every point has ``Timestamp``, epoch seconds; what else it holds is for the writer to say.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

Point = Mapping[str, Any]


class SeriesWriter:
    """Appends to a file, which is made with its folder at the first point."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def write(self, points: Iterable[Point]) -> None:
        """Append points, whole lines at a time. Raises OSError."""
        self.append(
            b"".join(json.dumps(point, separators=(",", ":")).encode() + b"\n" for point in points)
        )

    def append(self, lines: bytes) -> None:
        """Append points that are lines already. Raises OSError."""
        if not lines:
            return
        if self._descriptor is None:
            self._descriptor = self._opened()
        rest = memoryview(lines)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def close(self) -> None:
        """Write no more; safe to repeat."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _opened(self) -> int:
        self.path.parent.mkdir(exist_ok=True)  # not what is above: a deleted job stays deleted
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            os.write(descriptor, b"\n")  # the last writer died within a line
        return descriptor


def read_series(path: Path, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """The points from a byte offset on, and the offset to go on from when there are more.

    No points where the file is not there yet. A line without its end is left for the next time; one
    that is no JSON object (its writer died within it) is passed over.
    """
    try:
        with open(path, "rb") as file:
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return [], offset
    whole = data[: data.rfind(b"\n") + 1]
    return [point for line in whole.splitlines() if (point := _point(line))], offset + len(whole)


def points(path: Path) -> Iterator[dict[str, Any]]:
    """Every point that is there by now, one after the other, however many there are."""
    try:
        file = open(path, "rb")  # noqa: SIM115 - closed below
    except FileNotFoundError:
        return
    with file:
        for line in file:
            if line.endswith(b"\n") and (point := _point(line)):
                yield point


def _point(line: bytes) -> dict[str, Any] | None:
    try:
        point = json.loads(line)
    except ValueError:
        return None
    return point if isinstance(point, dict) else None
