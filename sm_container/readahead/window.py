"""Which parts of an object are wanted next: the window of one handle, and how it follows the reads.

It begins small and doubles when a reader had to wait (fourfold once a MiB was read in sequence), so
that a quick link or a slow reader keeps it small. Reads that jump far start it again; several such
in a row switch it off. Of objects that are read whole, one after another, it is large at once.
"""

from __future__ import annotations

import threading
from bisect import bisect_right, insort
from collections.abc import Iterator
from operator import attrgetter

from sm_container.readahead.part import Part
from sm_container.readahead.pool import FIRST
from sm_container.readahead.run import Run
from sm_container.readahead.source import RangeSource

PART = 8 << 20
"""Bytes of one request, once reading runs in sequence."""
LONGEST = 128 << 20
"""Bytes that one handle is ahead of its reader at most."""
FORWARD = 16 << 20
"""A jump ahead of no more bytes goes on with the window as it is."""
BEHIND = 1 << 20
"""Bytes that are kept behind the reader."""
SMALL = 128 << 10
"""Bytes of a request while reads jump."""

_JUMPS = 3
_RUN = 1 << 20

_start = attrgetter("start")


class Window:
    """The parts of one object that are here or on their way, in order, and what comes next."""

    def __init__(self, source: RangeSource, lock: threading.Lock, part: int = PART) -> None:
        self.source = source
        self.size = source.size
        self.parts: list[Part] = []
        self.position = 0
        """Where the last read ended."""
        self.used = 0.0
        """When it was last read, by the monotonic clock."""
        self.is_open = False
        """Whether somebody has opened the object; else it is fetched ahead."""
        self.is_closed = False
        self.run: Run | None = None
        """The objects that are read whole, among which this is one; `base` is where it begins in
        them, `following` the next one's window."""
        self.base = 0
        self.following: Window | None = None
        self.first = min(FIRST, part)
        self.part = part
        self.reach = self.first
        """How many bytes ahead of the reader are wanted."""
        self.has_changed = threading.Condition(lock)
        self._waited = -1
        self._run = 0
        self._jumps = 0

    @property
    def front(self) -> int:
        """Where the last part ends."""
        return self.parts[-1].end if self.parts else self.position

    @property
    def asked(self) -> int:
        """How far it is read or asked for."""
        return max(self.front, self.position)

    @property
    def is_jumping(self) -> bool:
        """Whether reads jump so that reading ahead would be in vain."""
        return self._jumps >= _JUMPS

    def turn(self, offset: int) -> list[Part]:
        """Follow a read at ``offset``; gives the parts that are of no use any more."""
        low = self.parts[0].start if self.parts else max(0, self.position - BEHIND)
        if low <= offset <= self.asked + FORWARD:
            if self.is_jumping and offset == self.position and self._run >= _RUN:
                self._jumps, self.reach = 0, self.first
            if offset != self.position and self.is_jumping:
                self._run = 0
            return []
        self._jumps = self._jumps + 1 if self._run < _RUN else 1
        self._run, self._waited = 0, -1
        self.reach = self.first
        parts, self.parts = self.parts, []
        return parts

    def passed(self, offset: int, end: int) -> list[Part]:
        """Note that the bytes up to ``end`` are read; gives the parts that lie too far behind."""
        self._run += end - offset
        self.position = end
        keep = end - BEHIND if self.size > self.first else 0
        count = 0
        while count < len(self.parts) and self.parts[count].end <= keep:
            count += 1
        behind, self.parts = self.parts[:count], self.parts[count:]
        return behind

    def covering(self, offset: int, end: int) -> list[Part]:
        """The parts that hold bytes of a range."""
        first = max(0, bisect_right(self.parts, offset, key=_start) - 1)
        found = []
        for part in self.parts[first:]:
            if part.start >= end:
                break
            if part.end > offset:
                found.append(part)
        return found

    def gaps(self, offset: int, end: int, parts: list[Part]) -> list[tuple[int, int]]:
        """The ranges of ``offset`` up to ``end`` that ``parts`` do not hold.

        The last one goes on to what a request should ask for.
        """
        found = []
        for part in parts:
            if offset < part.start:
                found += list(self._cut(offset, part.start))
            offset = part.end
        if offset < end:
            following = bisect_right(self.parts, offset, key=_start)
            limit = self.parts[following].start if following < len(self.parts) else self.size
            wanted = SMALL if self.is_jumping else min(self.reach, self.part)
            found += list(self._cut(offset, max(end, min(limit, offset + wanted))))
        return found

    def ahead(self, longest: int) -> tuple[Window, int, int] | None:
        """The next part to ask for before it is wanted, and of which object, within ``longest``
        bytes, if any."""
        if self.is_jumping:
            return None
        reach, front = min(self.reach, longest), self.asked
        if self.run is not None:
            return self.run.wanted(self, reach)
        left = front - self.position
        # Whole parts as soon as they fit, so that no connection rests; less only in a small window.
        if front >= self.size or (left >= reach / 2 and reach - left < self.part):
            return None
        return self, front, min(self.size, front + min(self.part, reach - left))

    def waited(self, offset: int) -> None:
        """Look further ahead: the reader has to wait at ``offset``. Counts once a MiB."""
        if offset >= self._waited and not self.is_jumping:
            self._waited = offset + _RUN
            self.reach = min(LONGEST, self.reach * (4 if self._run >= _RUN else 2))

    def add(self, part: Part) -> None:
        insort(self.parts, part, key=_start)

    def wake(self, part: Part) -> None:
        """Wake who waits for bytes of a part."""
        with self.has_changed:
            part.wanted = 0
            self.has_changed.notify_all()

    def changed(self) -> None:
        """Wake who waits, the lock being held."""
        self.has_changed.notify_all()

    def _cut(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        for at in range(start, end, self.part):
            yield at, min(end, at + self.part)
