"""The memory that all handles share: buffers that are used again, never more than was allowed.

Buffers come in few sizes, so that one fits again. Fresh memory costs a fault a page, used memory
does not.
"""

from __future__ import annotations

import mmap

FIRST = (1 << 20) + (128 << 10)
"""Bytes of a handle's first request: what a reader of headers wants, in one answer."""

_SMALLEST = 16 << 10


class Pool:
    """Buffers of ``memory`` bytes in all. Not for several threads at once."""

    def __init__(self, memory: int) -> None:
        self.memory = memory
        self.used = 0
        self.peak = 0
        self._spare: dict[int, list[mmap.mmap]] = {}
        self._spared = 0

    @property
    def available(self) -> int:
        """The bytes that can be taken."""
        return self.memory - self.used

    def take(self, size: int) -> mmap.mmap:
        """A buffer of at least ``size`` bytes; it holds what it last held.

        Raises:
            MemoryError: where ``cost(size)`` bytes are not available.
        """
        cost = cost_of(size)
        if cost > self.available:
            raise MemoryError(f"a buffer of {cost} bytes of {self.available} available ones")
        self.used += cost
        spare = self._spare.get(cost)
        if spare:
            self._spared -= cost
            return spare.pop()
        while self._spared and self.used + self._spared > self.memory:
            self._forget()
        self.peak = max(self.peak, self.used + self._spared)
        # Private: a child must not see its parent's bytes change.
        return mmap.mmap(-1, cost, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)

    def give(self, buffer: mmap.mmap) -> None:
        """Take back a buffer that nobody reads or fills any more."""
        cost = len(buffer)
        self.used -= cost
        self._spared += cost
        self._spare.setdefault(cost, []).append(buffer)

    def clear(self) -> None:
        """Give the spare buffers back to the system."""
        self._spare.clear()
        self._spared = 0

    def _forget(self) -> None:
        size = max(size for size, spare in self._spare.items() if spare)
        self._spare[size].pop()
        self._spared -= size


def cost_of(size: int) -> int:
    """The bytes of the buffer that holds ``size``."""
    if 1 << 20 < size <= FIRST:
        return FIRST
    return max(_SMALLEST, 1 << (size - 1).bit_length())
