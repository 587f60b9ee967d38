"""Writing into an open FIFO: at the kernel's speed, told of a stop, and of a reader that leaves."""

from __future__ import annotations

import errno
import fcntl
import os
import select
import sys
import termios
import time

from sm_container.harness.inputs.pipe.counters import PipeCounters
from sm_container.harness.inputs.pipe.stop import Stop

_STEP = 1 << 20
_SMALL = 64 << 10
_STRETCH_SECONDS = 0.001
# What splice says of a file whose file system cannot do it.
_NOT_SPLICED = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)


class ReaderGoneError(Exception):
    """The reader closed the FIFO early, which ends the epoch and is no fault."""


class SourceEndedError(Exception):
    """A file ended before the bytes that it was said to have."""


class FifoWriter:
    """Writes to ``descriptor``, which does not block, and keeps the channel's counters."""

    def __init__(self, descriptor: int, stop: Stop, counters: PipeCounters) -> None:
        self._descriptor = descriptor
        self._stop = stop
        self._counters = counters
        self._before = counters.sent
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self._poll.register(stop.descriptor, select.POLLIN)
        self._can_splice = True
        self._pending = bytearray()
        self._since = time.monotonic()

    @property
    def position(self) -> int:
        """The bytes that were written or put here, all in all."""
        return self._counters.sent - self._before + len(self._pending)

    def put(self, data: bytes) -> None:
        """Write it soon: with what comes after it, so that small pieces are not written one by one.

        Raises:
            ReaderGoneError, StoppedError: where nobody takes what was put before.
        """
        self._pending += data
        if len(self._pending) >= _SMALL:
            self.flush()

    def flush(self) -> None:
        """Write what was put."""
        if self._pending:
            pending, self._pending = self._pending, bytearray()
            self._write(pending)

    def write(self, data: bytes | memoryview) -> None:
        """Write all of it, and what was put before.

        Raises:
            ReaderGoneError, StoppedError: where nobody takes it.
        """
        self.flush()
        self._write(data)

    def _write(self, data: bytes | bytearray | memoryview) -> None:
        rest = memoryview(data)
        while rest:
            try:
                count = os.write(self._descriptor, rest[:_STEP])
            except BlockingIOError:
                self._wait()
            except BrokenPipeError:
                raise ReaderGoneError from None
            else:
                self._count(count)
                rest = rest[count:]

    def send_file(self, file: int, start: int, end: int) -> None:
        """Write the bytes of an open file from ``start`` up to ``end``; large ones are spliced, and
        are never copied, small ones put.

        Raises:
            ReaderGoneError, StoppedError: where nobody takes them.
            SourceEndedError: where the file has fewer.
            OSError: where it cannot be read.
        """
        at = start
        if end - start > _SMALL:
            self.flush()
        while at < end and self._can_splice and end - start > _SMALL:
            try:
                count = os.splice(
                    file,
                    self._descriptor,
                    min(_STEP, end - at),
                    offset_src=at,
                    flags=os.SPLICE_F_NONBLOCK,
                )
            except BlockingIOError:
                self._wait()
                continue
            except BrokenPipeError:
                raise ReaderGoneError from None
            except OSError as fault:
                if fault.errno not in _NOT_SPLICED:
                    raise
                self._can_splice = False
                break
            if not count:
                raise SourceEndedError
            self._count(count)
            at += count
        while at < end:
            block = os.pread(file, min(_STEP, end - at), at)
            if not block:
                raise SourceEndedError
            self.put(block)
            at += len(block)

    def end(self) -> None:
        """Nothing more is written: take note of a reader that waits for what does not come."""
        if not self._held():
            self._counters.starved += time.monotonic() - self._since

    def _wait(self) -> None:
        """Until the pipe has room, or is closed at its other end, or feeding is to end."""
        since = time.monotonic()
        self._poll.poll()
        self._since = time.monotonic()
        self._counters.blocked += self._since - since
        self._stop.check()

    def _count(self, count: int) -> None:
        """Take note of what was written, and now and then of whether the reader waited for it.

        To ask what the pipe holds is to wait for its reader: not where that is the slower one.
        """
        self._counters.sent += count
        now = time.monotonic()
        if now - self._since >= _STRETCH_SECONDS:
            if self._held() <= count:  # all that came before has been read
                self._counters.starved += now - self._since
            self._since = now

    def _held(self) -> int:
        held = fcntl.ioctl(self._descriptor, termios.FIONREAD, bytes(4))
        return int.from_bytes(held, sys.byteorder)
