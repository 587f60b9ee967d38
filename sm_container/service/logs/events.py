"""A host's log as CloudWatch has it: events with a time each, read from any byte of it on.

Source: PutLogEvents, GetLogEvents. An event has at most 256 KB, 26 bytes of them for itself: a
longer line becomes several events, as the log drivers of containers do it, and nothing of it is
lost. CloudWatch has no event without a character: an empty line becomes none, as with the drivers.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from sm_container.harness.logs.times import Times

OVERHEAD = 26
LONGEST = 256 * 1024 - OVERHEAD
"""Bytes of the longest message."""
PAGE_BYTES = 1 << 20
PAGE_EVENTS = 10_000

_BLOCK = 1 << 20


@dataclass(frozen=True)
class Event:
    """A line, or a part of one that is too long: bytes ``start`` to ``end`` of the log, with its
    newline. ``timestamp`` is when it was captured, in milliseconds since the epoch."""

    start: int
    end: int
    timestamp: int
    message: str

    @property
    def size(self) -> int:
        """What it counts for in a page, in bytes."""
        return self.end - self.start + OVERHEAD


def page_of(events: Iterable[Event], limit: int = PAGE_EVENTS) -> list[Event]:
    """The events of a page: as many as were asked for, and no more than 1 MB."""
    taken: list[Event] = []
    size = 0
    for event in events:
        size += event.size
        if taken and size > PAGE_BYTES:
            break
        taken.append(event)
        if len(taken) == limit:
            break
    return taken


class EventLog:
    """The events of a log that is there when it is opened; a line that has no end yet waits for it,
    but for the parts of it that are too long.

    Positions are bytes at which an event begins or the last one ends. One walk is gone at a time.
    ``close`` closes its files.
    """

    def __init__(self, log: Path, is_over: Callable[[], bool]) -> None:
        """``is_over`` says whether nothing is written any more, and what stands at the log's end is
        a line without a newline. Raises FileNotFoundError."""
        self._file = open(log, "rb", buffering=_BLOCK)  # noqa: SIM115 - closed by ``close``
        try:
            # Before the times: an entry is written before what it tells the time of.
            size = os.fstat(self._file.fileno()).st_size
            self._times = Times(log)
        except BaseException:
            self._file.close()
            raise
        self.end = self._whole(size, is_over)
        """Bytes that events are made of; there may be more for which it is too early."""

    def close(self) -> None:
        self._file.close()
        self._times.close()

    def __enter__(self) -> EventLog:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def between(self, start: int | None, end: int | None) -> tuple[int, int]:
        """The positions between which events have times from ``start`` on and before ``end``."""
        low = 0 if start is None else self._position_at(start)
        high = self.end if end is None else self._position_at(end)
        return low, max(low, high)

    def forward(self, position: int, high: int) -> Iterator[Event]:
        """The events from one position to another."""
        for start, piece in self._pieces(position, high):
            event = self._event(start, piece)
            if event is not None:
                yield event

    def backward(self, position: int, low: int) -> Iterator[Event]:
        """The events from one position back to another, the last one first."""
        while position > low:
            begin = max(low, self._line_after(max(low, position - _BLOCK), position))
            pieces = [(start, len(piece)) for start, piece in self._pieces(begin, position)]
            for start, length in reversed(pieces):
                self._file.seek(start)
                event = self._event(start, self._file.read(length))
                if event is not None:
                    yield event
            position = begin

    def _event(self, start: int, piece: bytes) -> Event | None:
        text = piece.removesuffix(b"\n").decode(errors="replace")
        return Event(start, start + len(piece), self._times.at(start), text) if text else None

    def _pieces(self, position: int, end: int) -> Iterator[tuple[int, bytes]]:
        """What stands between two positions, cut where lines end and where they are too long."""
        self._file.seek(position)
        while position < end:
            piece = self._file.readline(min(LONGEST, end - position))
            if not piece:
                return  # somebody has made the file shorter
            if len(piece) == LONGEST and not piece.endswith(b"\n"):
                piece = _whole_characters(piece)
                self._file.seek(position + len(piece))
            yield position, piece
            position += len(piece)

    def _whole(self, size: int, is_over: Callable[[], bool]) -> int:
        if not size or self._byte(size - 1) == b"\n" or is_over():
            return size
        end = self._line_of(size - 1)
        for start, piece in self._pieces(end, size):
            if start + LONGEST > size:  # what comes may still belong to this part of the line
                break
            end = start + len(piece)
        return end

    def _position_at(self, moment: int) -> int:
        """Where the first event of a moment or later begins."""
        offset = self._times.offset_from(moment)
        if offset is None or offset >= self.end:
            return self.end
        if offset == 0 or self._byte(offset - 1) == b"\n":
            return offset
        for start, _ in self._pieces(self._line_of(offset), self.end):
            if start >= offset:
                return start
        return self.end

    def _line_after(self, floor: int, end: int) -> int:
        """Where the first line after ``floor`` begins; where the one that has it begins, if none
        does before ``end``."""
        if floor == 0:
            return 0
        self._file.seek(floor - 1)
        found = self._file.read(end - floor).find(b"\n")
        return floor + found if found >= 0 else self._line_of(floor)

    def _line_of(self, offset: int) -> int:
        """Where the line that has a byte begins."""
        while offset > 0:
            begin = max(0, offset - _BLOCK)
            self._file.seek(begin)
            found = self._file.read(offset - begin).rfind(b"\n")
            if found >= 0:
                return begin + found + 1
            offset = begin
        return 0

    def _byte(self, offset: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(1)


def _whole_characters(piece: bytes) -> bytes:
    """A piece without the beginning of a character of UTF-8 whose rest is in the next."""
    for back in range(1, 4):
        byte = piece[-back]
        if byte & 0xC0 == 0x80:  # within a character
            continue
        length = 2 if byte & 0xE0 == 0xC0 else 3 if byte & 0xF0 == 0xE0 else 4
        return piece[:-back] if byte >= 0xC0 and length > back else piece
    return piece
