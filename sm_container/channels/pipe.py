"""One epoch of a channel in Pipe mode: the bytes of a FIFO, and the waits that belong to it.

A FIFO that is opened without blocking, before there is a writer, reads as if it were at its end.
Only a hang-up (POLLHUP) is the end: the writer has come and gone.

Source: developer guide, "How Amazon SageMaker Provides Training Information", Pipe mode.
"""

from __future__ import annotations

import fcntl
import functools
import io
import os
import select
import stat
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sm_container.channels.errors import ChannelError, ChannelTimeoutError
from sm_container.channels.stopping import StopSignal

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PIPE_BYTES = 1 << 20
"""What a FIFO is asked to hold. The default of 64 KiB costs half of the throughput."""

_LOOK_AGAIN_SECONDS = 0.005, 0.1
"""How often a FIFO that is not there yet is looked for: at first, and at last."""

_GATHER_SECONDS = 0.002
"""How long a read that has something waits for more."""


class Interrupted(Exception):
    """No fault: a stop came, or nobody wants any more."""


class PipeReader(io.RawIOBase):
    """The bytes of one FIFO, which is opened at the first read and need not exist before.

    A read gives what is there, and waits where nothing is. It raises Interrupted once one of
    ``endings`` is set, and ChannelTimeoutError where nothing came for ``timeout`` seconds.
    ``before_wait`` is called each time that it has to wait.
    """

    def __init__(
        self,
        path: Path,
        endings: tuple[StopSignal, ...] = (),
        timeout: float | None = None,
        before_wait: Callable[[], object] | None = None,
    ) -> None:
        super().__init__()
        self.path = path
        self._endings = endings
        self._timeout = timeout
        self._before_wait = before_wait
        self._fifo: io.FileIO | None = None
        self._has_writer = False
        self._flows = select.poll()
        self._poll = select.poll()
        for ending in endings:
            self._poll.register(ending, select.POLLIN)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill the buffer with what there is, at least one byte; 0 once the writer has ended.

        What follows at once is waited for, so that a stream that flows fills the buffer: who
        reads a mebibyte at a time gets on several times as fast as with what one write brought.
        """
        if any(ending.is_set for ending in self._endings):
            raise self._interrupted()
        deadline = None if self._timeout is None else time.monotonic() + self._timeout
        if self._fifo is None:
            self._fifo = self._opened(deadline)
        view = memoryview(buffer).cast("B")
        count = self._first(self._fifo, view, deadline)
        patience = time.monotonic() + _GATHER_SECONDS
        while 0 < count < len(view):
            more = self._fifo.readinto(view[count:])
            if more is None:
                left = patience - time.monotonic()
                if left <= 0 or not self._flows.poll(left * 1000):
                    break
            elif more == 0:
                break
            else:
                count += more
        return count

    def _first(self, fifo: io.FileIO, view: memoryview, deadline: float | None) -> int:
        """What there is as soon as there is something."""
        # Reading before asking whether there is anything saves a call where data flows.
        while not (count := fifo.readinto(view)):
            if count is None:
                self._has_writer = True
            elif self._has_writer:
                return 0
            if self._wait(fifo, deadline) == select.POLLHUP:
                self._has_writer = True
                return 0
        self._has_writer = True
        return count

    def met_writer(self) -> bool:
        """Whether there is or was a writer at the other end: then this epoch has begun.

        For the end of reading: it may take a byte that nobody gets.
        """
        if self._fifo is None or self._fifo.closed or self._has_writer:
            return self._has_writer
        if self._fifo.read(1) == b"":
            events = dict(self._poll.poll(0)).get(self._fifo.fileno(), 0)
            self._has_writer = bool(events & select.POLLHUP)
        else:
            self._has_writer = True  # a byte, or None: nothing yet, which only a writer can cause
        return self._has_writer

    def close(self) -> None:
        """Stop reading. A writer that goes on gets EPIPE, which ends its epoch."""
        if not self.closed and self._fifo is not None:
            self._fifo.close()
        super().close()

    def _opened(self, deadline: float | None) -> io.FileIO:
        """The FIFO, once it is there."""
        pause, longest = _LOOK_AGAIN_SECONDS
        while True:
            try:
                file = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
                break
            except FileNotFoundError:
                self._wait(None, deadline, pause)
                pause = min(2 * pause, longest)
        fifo = io.FileIO(file, "rb")
        if not stat.S_ISFIFO(os.fstat(file).st_mode):
            fifo.close()
            raise ChannelError([f"{self.path} is not a FIFO; a channel in Pipe mode needs one"])
        _enlarge(file)
        _forget_in_children(fifo)
        for poll in (self._poll, self._flows):
            poll.register(file, select.POLLIN)
        return fifo

    def _wait(self, fifo: io.FileIO | None, deadline: float | None, pause: float = 1) -> int:
        """Wait for the FIFO, or for ``pause`` seconds; the events that came, 0 for none."""
        if self._before_wait is not None:
            self._before_wait()
        if deadline is not None:
            pause = min(pause, deadline - time.monotonic())
            if pause <= 0:
                self._time_out()
        events = dict(self._poll.poll(max(1, pause * 1000)))
        if any(ending.is_set for ending in self._endings):
            raise self._interrupted()
        return events.get(fifo.fileno(), 0) if fifo is not None else 0

    def _interrupted(self) -> Interrupted:
        return Interrupted(f"{self.path} is not read any further")

    def _time_out(self) -> None:
        waited = f"for {self._timeout:g} s"
        if self._fifo is None:
            why = f"there was no such FIFO {waited}"
        elif self._has_writer:
            why = f"its writer sent nothing {waited}"
        else:
            why = f"nobody opened it for writing {waited}"
        raise ChannelTimeoutError([f"{self.path}: {why}; allow a longer timeout"])


def _enlarge(file: int) -> None:
    """Make the pipe as large as it may be; a user's share of pipe memory may be used up."""
    size = PIPE_BYTES
    while size > fcntl.fcntl(file, fcntl.F_GETPIPE_SZ):
        try:
            fcntl.fcntl(file, fcntl.F_SETPIPE_SZ, size)
        except PermissionError:
            size //= 2


_open_fifos: weakref.WeakSet[io.FileIO] = weakref.WeakSet()


def _forget_in_children(fifo: io.FileIO) -> None:
    """Have a forked child close its copy, which would keep the writer from seeing EPIPE."""
    _watch_forks()
    _open_fifos.add(fifo)


@functools.cache
def _watch_forks() -> None:
    os.register_at_fork(after_in_child=_close_in_child)


def _close_in_child() -> None:
    for fifo in list(_open_fifos):
        fifo.close()
