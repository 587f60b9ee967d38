"""One open object: its bytes from any offset, read ahead of whoever reads them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sm_container.readahead.engine import Check, Engine
from sm_container.readahead.source import RangeSource
from sm_container.readahead.window import Window

if TYPE_CHECKING:
    from sm_container.readahead.ahead import ReadAhead

LARGEST_VIEW = 1 << 20
"""Bytes that `Reader.views_at` gives at most."""


class Reader:
    """Made by `ReadAhead.open`. May be used from several threads at once, and after a fork.

    Reads raise what the source raised for their bytes, each an exception of its own whose cause is
    the source's (a later read asks it again), and ValueError once the reader is closed.
    """

    def __init__(self, ahead: ReadAhead, source: RangeSource, check: Check | None = None) -> None:
        self._ahead = ahead
        self.source = source
        self._check = check
        self.size = source.size
        self._is_closed = False
        self._windows: dict[int, Window] = {}

    def __reduce__(self) -> tuple[object, ...]:
        return Reader, (self._ahead, self.source)  # what checks belongs to who reads here

    def readinto_at(self, offset: int, view: memoryview) -> int:
        """Fill ``view`` (of bytes) from ``offset`` on; gives the count, short at the end only."""
        end = min(self.size, offset + len(view))
        at = offset
        while at < end:
            stop = min(end, at + LARGEST_VIEW)
            with self._held(at, stop) as views:
                for found in views:
                    view[at - offset : at - offset + len(found)] = found
                    at += len(found)
        return max(0, end - offset)

    def read_at(self, offset: int, size: int) -> bytes:
        """``size`` bytes from ``offset`` on, fewer at the end of the object."""
        end = min(self.size, offset + size)
        if end - offset <= LARGEST_VIEW:
            with self.views_at(offset, size) as views:
                return b"".join(views)
        buffer = bytearray(end - offset)
        self.readinto_at(offset, memoryview(buffer))
        return bytes(buffer)

    @contextmanager
    def views_at(self, offset: int, size: int) -> Iterator[list[memoryview]]:
        """The bytes where they lie, without a copy, as views that are released at the end.

        They hold memory that others wait for: take no other views before these are released.

        Raises:
            ValueError: for more than `LARGEST_VIEW` bytes.
        """
        end = min(self.size, offset + size)
        if end - offset > LARGEST_VIEW:
            raise ValueError(f"views of {size} bytes: ask for {LARGEST_VIEW} at most")
        if offset >= end:
            yield []
            return
        with self._held(offset, end) as views:
            yield views

    def close(self) -> None:
        """Give up what was read ahead. Reads under way in other threads raise ValueError."""
        self._is_closed = True
        windows, self._windows = self._windows, {}
        engine = self._ahead.engine()
        if (window := windows.get(engine.pid)) is not None:
            self._ahead.closed(window)

    @contextmanager
    def _held(self, offset: int, end: int) -> Iterator[list[memoryview]]:
        engine = self._ahead.engine()
        window = self._window(engine)
        parts = engine.hold(window, offset, end, self._check)
        views = [
            part.view[max(0, offset - part.start) : min(end, part.end) - part.start]
            for part in parts
        ]
        try:
            yield views
        finally:
            for view in views:
                view.release()
            engine.release(parts)

    def _window(self, engine: Engine) -> Window:
        """What this process has of the object; a child of a fork begins with nothing."""
        window = self._windows.get(engine.pid)
        if window is None:
            if self._is_closed:
                raise ValueError("read of a closed file")
            begun = self._ahead.begun(self.source)
            window = self._windows.setdefault(engine.pid, begun)
            if window is not begun:  # another thread was first
                engine.close_window(begun)
        return window
