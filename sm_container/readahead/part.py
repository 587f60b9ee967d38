"""A part of an object on its way: a buffer, how much of it has arrived, and who holds it."""

from __future__ import annotations

import mmap
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sm_container.readahead.window import Window


class Part:
    """The bytes ``start`` up to ``end`` of one object, in one buffer of the pool.

    One thread fills it and tells ``arrived``; all else changes under the engine's lock.
    """

    __slots__ = (
        "buffer",
        "cancelled",
        "end",
        "fault",
        "filled",
        "is_begun",
        "is_dropped",
        "is_running",
        "pins",
        "rank",
        "start",
        "view",
        "wanted",
        "window",
    )

    def __init__(self, window: Window, start: int, end: int, buffer: mmap.mmap) -> None:
        self.window = window
        self.start = start
        self.end = end
        self.buffer = buffer
        self.view = memoryview(buffer)[: end - start]
        self.filled = 0
        self.wanted = 0
        """The count of bytes that somebody waits for, 0 where nobody does."""
        self.pins = 0
        """How many reads need it: it is neither cancelled nor taken away meanwhile."""
        self.rank = 0
        self.fault: BaseException | None = None
        self.is_begun = False
        self.is_running = False
        self.is_dropped = False
        self.cancelled = threading.Event()

    @property
    def is_whole(self) -> bool:
        return self.filled == self.end - self.start

    def arrived(self, count: int) -> None:
        """Count bytes that have come, and wake who waits for them."""
        self.filled += count
        # Without the lock, for it is told often: who waits says so before looking at the count.
        if 0 < self.wanted <= self.filled:
            self.window.wake(self)
