"""The request to stop, as a wait for a channel hears it: a flag, and a file to poll.

A flag alone would not end a wait: a call that a signal interrupts is taken up again (PEP 475).
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable


class StopSignal:
    """Set once, by a signal handler or any thread. A process that was forked since sees it too.

    ``is_set`` costs next to nothing, so a loop may ask for every record. ``fileno()`` is readable
    from the moment it is set, so that a ``poll`` wakes at once. Set by a forked child, it is set
    in that child alone: a worker that is told to end must not end its parent.
    """

    def __init__(self) -> None:
        self._process = os.getpid()
        self._is_set_here = False
        self._page = mmap.mmap(-1, 1)  # anonymous and shared: a forked child sees it change
        self._event = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    @property
    def is_set(self) -> bool:
        """Whether the work is to end."""
        return self._is_set_here or self._page[0] != 0

    def set(self) -> None:
        """Ask for the end. Fit for a signal handler; a second time changes nothing."""
        self._is_set_here = True
        if os.getpid() == self._process:
            self._page[0] = 1
            os.eventfd_write(self._event, 1)

    def fileno(self) -> int:
        """A descriptor to poll for POLLIN. It is never read, so it stays readable."""
        return self._event

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        # The argument keeps it alive: at the interpreter's end modules may be gone before this.
        if hasattr(self, "_event"):
            close(self._event)

    def __reduce__(self) -> tuple[object, ...]:
        # A worker that is not forked but started anew cannot share it: it has one of its own.
        return _as_it_was, (self.is_set,)


def _as_it_was(is_set: bool) -> StopSignal:
    signal = StopSignal()
    if is_set:
        signal.set()
    return signal
