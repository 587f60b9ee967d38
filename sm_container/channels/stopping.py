"""The request to stop, as a wait for a channel hears it: a flag, and a file to poll.

A flag alone would not end a wait: a call that a signal interrupts is taken up again (PEP 475).
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from collections.abc import Callable

_TOLD = struct.Struct("@?Bd")
"""Whether it was set, by which signal, and when."""


def _nothing() -> None: ...


class StopSignal:
    """Set once, by a signal handler or any thread. A process that was forked since sees it too.

    ``is_set`` costs next to nothing, so a loop may ask for every record. ``fileno()`` is readable
    from the moment it is set, so that a ``poll`` wakes at once. Set by a forked child, it is set
    in that child alone: a worker that is told to end must not end its parent. ``when_heard`` is
    called by a loop that ends because of it.
    """

    def __init__(self, when_heard: Callable[[], object] = _nothing) -> None:
        self.heard = when_heard
        self._process = os.getpid()
        self._set_here = b""
        # Anonymous and shared: a forked child sees it change.
        self._page = mmap.mmap(-1, _TOLD.size)
        self._event = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    @property
    def is_set(self) -> bool:
        """Whether the work is to end."""
        return self._page[0] != 0 or self._set_here != b""

    @property
    def number(self) -> int:
        """The signal that it was set for; 0 for none, or before."""
        return self._told[1]

    @property
    def set_at(self) -> float | None:
        """When it was set, by ``time.monotonic``; None before."""
        is_set, _, at = self._told
        return at if is_set else None

    def set(self, number: int = 0, at: float | None = None) -> None:
        """Ask for the end. Fit for a signal handler; a second time changes nothing."""
        if self.is_set:
            return
        self._set_here = _TOLD.pack(True, number, time.monotonic() if at is None else at)
        if os.getpid() == self._process:
            self._page[1:] = self._set_here[1:]
            self._page[0] = 1  # last: whoever sees it set finds the rest
            os.eventfd_write(self._event, 1)

    def fileno(self) -> int:
        """A descriptor to poll for POLLIN. It is never read, so it stays readable."""
        return self._event

    @property
    def _told(self) -> tuple[bool, int, float]:
        return _TOLD.unpack(self._set_here or self._page[:])

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        # The argument keeps it alive: at the interpreter's end modules may be gone before this.
        if hasattr(self, "_event"):
            close(self._event)

    def __reduce__(self) -> tuple[object, ...]:
        # A worker that is not forked but started anew cannot share it: it has one of its own.
        told = (self.number, self.set_at) if self.is_set else None
        return _as_it_was, (told,)


def _as_it_was(told: tuple[int, float | None] | None) -> StopSignal:
    signal = StopSignal()
    if told is not None:
        signal.set(*told)
    return signal
