"""The times of a captured log, looked up where they stand: a log may be larger than memory."""

from __future__ import annotations

import os
from array import array
from bisect import bisect_right
from pathlib import Path
from types import TracebackType

from sm_container.harness.logs.capture import TIMES_ENTRY, times_of

_WINDOW = 4096
"""Entries that are read at a time."""


class Times:
    """When the bytes of a log were captured, in milliseconds since the epoch.

    What was written since it was opened is not looked at. That times never go back is assumed: a
    clock that was set back while the log was written makes a search by time miss lines.
    """

    def __init__(self, log: Path) -> None:
        """Raises OSError, FileNotFoundError where the log has no times."""
        self._descriptor = os.open(times_of(log), os.O_RDONLY | os.O_CLOEXEC)
        self._count = os.fstat(self._descriptor).st_size // TIMES_ENTRY.size
        self._from = 0
        self._offsets: array[int] = array("Q")
        self._moments: array[int] = array("Q")

    @property
    def first(self) -> int | None:
        """When the log began; None where nothing was written."""
        return self._entry(0)[1] if self._count else None

    @property
    def last(self) -> int | None:
        return self._entry(self._count - 1)[1] if self._count else None

    def at(self, offset: int) -> int:
        """When the byte at an offset was captured."""
        if not self._knows(offset):
            self._read(max(0, self._search(0, offset + 1) - 1))
        found = bisect_right(self._offsets, offset) - 1
        return self._moments[found] if found >= 0 else 0

    def offset_from(self, moment: int) -> int | None:
        """The offset of what was captured first at a moment or later; None where nothing was."""
        found = self._search(1, moment)
        return self._entry(found)[0] if found < self._count else None

    def close(self) -> None:
        os.close(self._descriptor)

    def __enter__(self) -> Times:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _knows(self, offset: int) -> bool:
        """Whether the entry for an offset is in the window."""
        if not self._offsets or offset < self._offsets[0]:
            return False
        is_last = self._from + len(self._offsets) == self._count
        return is_last or offset < self._offsets[-1]

    def _read(self, index: int) -> None:
        """Have the window around an entry: lines are asked for forward and backward."""
        self._from = max(0, min(index - _WINDOW // 2, self._count - _WINDOW))
        size = min(_WINDOW, self._count - self._from) * TIMES_ENTRY.size
        data = os.pread(self._descriptor, size, self._from * TIMES_ENTRY.size)
        words = array("Q", data[: len(data) - len(data) % TIMES_ENTRY.size])
        self._offsets, self._moments = words[0::2], words[1::2]

    def _entry(self, index: int) -> tuple[int, int]:
        data = os.pread(self._descriptor, TIMES_ENTRY.size, index * TIMES_ENTRY.size)
        offset, moment = TIMES_ENTRY.unpack(data)
        return offset, moment

    def _search(self, part: int, value: int) -> int:
        """The first entry whose offset (part 0) or moment (part 1) is not less than a value."""
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            if self._entry(middle)[part] < value:
                low = middle + 1
            else:
                high = middle
        return low
