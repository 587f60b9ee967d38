"""When a feeder is to end: its standard input ends, as with a harness that is killed, or a signal.

Source: signal.set_wakeup_fd: a signal wakes the poll, and its handler does nothing.
"""

from __future__ import annotations

import os
import select
import signal
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Ending:
    """Must be entered in the main thread."""

    def __init__(self, stdin: int) -> None:
        self._stdin = stdin
        self._woken, self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def __enter__(self) -> Ending:
        for number in _SIGNALS:
            signal.signal(number, _pass)
        signal.set_wakeup_fd(self._wake)
        self._poll = select.poll()
        for descriptor in (self._stdin, self._woken):
            self._poll.register(descriptor, select.POLLIN)
        return self

    def has_come(self, seconds: float) -> bool:
        """Whether it comes within so many seconds; what is said on the input otherwise is passed
        over."""
        for descriptor, _ in self._poll.poll(seconds * 1000):
            if descriptor == self._woken or not os.read(self._stdin, 4096):
                return True
        return False

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(-1)
        os.close(self._woken)
        os.close(self._wake)


def _pass(number: int, frame: FrameType | None) -> None:
    """The signal is in the pipe by now."""
