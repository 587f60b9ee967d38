"""A log in blocks of whole lines, read while it grows or from a stream, with the lines' times."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from sm_container.harness.logs.capture import LONGEST_HELD_LINE, TIMES_ENTRY, times_of

BLOCK = 1 << 20
"""Bytes that are read at a time."""


@dataclass(frozen=True)
class Block:
    """Lines of a log from the byte ``start`` on.

    ``times`` are the entries of the log's ``.times`` that concern them; without any, lines may
    begin with their times, as those that CloudWatch exports.
    """

    start: int
    data: bytes
    times: bytes = b""

    def moment_of(self) -> Callable[[int], float | None]:
        """When the line that begins at an offset into ``data`` came, in epoch seconds."""
        words = array("Q", self.times)
        offsets, moments = words[0::2], words[1::2]

        def moment(offset: int) -> float | None:
            entry = bisect_right(offsets, self.start + offset) - 1
            return moments[entry] / 1000 if entry >= 0 else None

        return moment


class LogReader:
    """Reads a log from its beginning, a block at a time. Closes what it was given.

    ``read`` gives what there is, and ``b""`` where there is no more for now: an unbuffered file's.
    """

    def __init__(self, log: BinaryIO, times: BinaryIO | None = None) -> None:
        self._log = log
        self._times = None if times is None else _Times(times)
        self._begun: list[bytes] = []  # a line whose end is not there yet
        self._held = 0
        self.position = 0
        """Bytes of the log that were given."""

    @classmethod
    def open(cls, path: Path) -> LogReader:
        """A reader of a log and, where they are there, of its times. Raises OSError."""
        log = open(path, "rb", buffering=0)  # noqa: SIM115 - closed by whoever closes the reader
        try:
            return cls(log, open(times_of(path), "rb", buffering=0))
        except FileNotFoundError:
            return cls(log)

    def next(self, *, is_last: bool = False) -> Block | None:
        """The next whole lines; None where there are none for now.

        With ``is_last`` what follows the last newline is a line too, since none will end it. A line
        of more than 16 MiB is given in pieces.
        """
        while True:
            chunk = self._log.read(BLOCK)
            if not chunk:
                return self._given(b"", b"") if is_last and self._held else None
            end = chunk.rfind(b"\n") + 1
            if end:
                return self._given(chunk[:end], chunk[end:])
            self._hold(chunk)
            if self._held > LONGEST_HELD_LINE:
                return self._given(b"", b"")

    def close(self) -> None:
        self._log.close()
        if self._times is not None:
            self._times.close()

    def __enter__(self) -> LogReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _hold(self, begun: bytes) -> None:
        self._begun.append(begun)
        self._held += len(begun)

    def _given(self, lines: bytes, begun: bytes) -> Block:
        data = b"".join((*self._begun, lines))
        start, self.position = self.position, self.position + len(data)
        self._begun, self._held = [], 0
        if begun:
            self._hold(begun)
        times = b"" if self._times is None else self._times.of(self.position)
        return Block(start, data, times)


class _Times:
    """The entries of a log's times, of which the last that was given holds on for what follows."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._entries = b""

    def of(self, end: int) -> bytes:
        """The entries that concern what stands before the byte ``end`` and was not asked for."""
        offsets = self._offsets()
        while not offsets or offsets[-1] < end:
            more = self._file.read(BLOCK)
            if not more:
                break
            self._entries += more
            offsets = self._offsets()
        count = bisect_left(offsets, end)
        given = self._entries[: count * TIMES_ENTRY.size]
        self._entries = self._entries[max(0, count - 1) * TIMES_ENTRY.size :]
        return given

    def close(self) -> None:
        self._file.close()

    def _offsets(self) -> array[int]:
        whole = len(self._entries) - len(self._entries) % TIMES_ENTRY.size
        return array("Q", self._entries[:whole])[0::2]
