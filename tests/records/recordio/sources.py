"""Sources that give their bytes in pieces, as FIFOs and connections do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import cycle


class Pieces:
    """Gives the bytes in pieces of these sizes, over and over."""

    def __init__(self, data: bytes, sizes: Iterable[int]) -> None:
        self._data = data
        self._at = 0
        self._sizes: Iterator[int] = cycle(sizes)

    def readinto(self, buffer: memoryview) -> int:
        count = min(next(self._sizes), len(buffer), len(self._data) - self._at)
        buffer[:count] = self._data[self._at : self._at + count]
        self._at += count
        return count
