"""The order in which objects will be opened, and how many of the next ones to fetch ahead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sm_container.readahead.source import RangeSource
from sm_container.readahead.window import Window


class Order:
    """Follows the objects as they are opened; the more were in order, the more are fetched ahead.

    ``most`` bounds their number. ``next_ones`` are the windows that nobody has opened yet.
    """

    def __init__(self, sources: Sequence[RangeSource], most: int) -> None:
        self.sources = sources
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

    def outdated(self) -> list[Window]:
        """The windows that will not be opened in this order, taken from ``next_ones``."""
        low, high = self._last - self._most, self._last + self._ahead
        gone = [index for index in self.next_ones if not low <= index <= high]
        return [self.next_ones.pop(index) for index in gone]
