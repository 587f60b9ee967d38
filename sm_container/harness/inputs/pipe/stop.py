"""The wish that feeding ends, heard wherever a thread waits: in a poll, in the open of a FIFO."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class StoppedError(Exception):
    """Nobody wants the bytes any more."""


class Stop:
    """Set once, by whoever ends the feeding. ``descriptor`` is readable from then on."""

    def __init__(self) -> None:
        self.descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._lock = threading.Lock()
        self._event = threading.Event()
        self._wakes: list[Callable[[], None]] = []

    def set(self) -> None:
        with self._lock:
            self._event.set()
            os.eventfd_write(self.descriptor, 1)
            for wake in self._wakes:
                wake()

    def wait(self) -> None:
        self._event.wait()

    @contextmanager
    def waking(self, wake: Callable[[], None]) -> Iterator[None]:
        """While the block runs, ``wake`` is called when this is set, to end a call that hangs.

        Raises:
            StoppedError: where it was set before, or meanwhile.
        """
        with self._lock:
            self.check()
            self._wakes.append(wake)
        try:
            yield
        finally:
            with self._lock:
                self._wakes.remove(wake)
        self.check()

    def check(self) -> None:
        """Raise StoppedError where it is set."""
        if self._event.is_set():
            raise StoppedError

    def close(self) -> None:
        """Only when no thread looks at it any more."""
        os.close(self.descriptor)
