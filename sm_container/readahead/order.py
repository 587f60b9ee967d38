"""The order in which objects will be opened, and how many of the next ones to fetch ahead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import accumulate

from sm_container.readahead.run import Run
from sm_container.readahead.source import RangeSource
from sm_container.readahead.window import Window


class Reading(Enum):
    """How the objects of an order will be read."""

    AS_OPENED = "as opened"
    """As whoever opens them likes: how much of each, and which, is to be seen."""
    WHOLE = "whole"
    """Each from its beginning to its end, and then the next."""


class Order:
    """Follows the objects as they are opened; the more were in order, the more are fetched ahead.

    ``most`` bounds their number. ``next_ones`` are the windows that nobody has opened yet. Where
    all will be read whole there is a ``run`` of them, and ``bases`` are where they begin in it.
    """

    def __init__(self, sources: Sequence[RangeSource], most: int, reading: Reading) -> None:
        self.sources = sources
        self.run = Run() if reading is Reading.WHOLE else None
        self.bases = list(accumulate((source.size for source in sources), initial=0))
        self.next_ones: dict[int, Window] = {}
        self._most = most
        self._last = -1
        self._ahead = 0

    def opened(self, index: int) -> Iterator[int]:
        """Note that an object is opened; gives the indices of those to fetch now."""
        if self._last < index <= self._last + max(1, self._ahead):
            self._ahead = min(self._most, max(1, 2 * self._ahead))
            self._last = index
        elif not self._last - self._most <= index <= self._last:
            # A jump. One a little back is a thread that was overtaken by another.
            self._ahead, self._last = 0, index
        for following in range(self._last + 1, self._last + 1 + self._ahead):
            if following >= len(self.sources):
                return
            if following not in self.next_ones:
                yield following

    def coming(self, index: int) -> range:
        """Which objects come next, once one is opened, whether they are read or not."""
        return range(index + 1, min(len(self.sources), index + 1 + self._most))

    def outdated(self) -> list[Window]:
        """The windows that will not be opened in this order, taken from ``next_ones``."""
        low, high = self._last - self._most, self._last + self._ahead
        gone = [index for index in self.next_ones if not low <= index <= high]
        return [self.next_ones.pop(index) for index in gone]
