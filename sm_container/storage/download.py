"""Copying objects to files in ranges, many at once: large objects in parts, small ones whole.

One pool serves both. Memory is a block for each connection, open files at most one more than
connections, whatever the objects' sizes and number.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from sm_container.storage.files import FILE_MODE, said_of
from sm_container.storage.objects import PART, Advance, Download
from sm_container.storage.parallel import each
from sm_container.storage.ranged import STEP, Into, transfer
from sm_container.storage.retry import CancelledError, Retries

CONNECTIONS = 16


def download_all(
    downloads: Iterable[Download],
    get: Into,
    *,
    finished: Callable[[Download], None],
    advance: Advance,
    interrupt: Callable[[], None],
    retries: Retries,
    connections: int = CONNECTIONS,
) -> None:
    """Copy each object to its file; on a fault the files that are not whole are removed.

    ``interrupt`` wakes the threads that hang in ``get``.
    """
    copying = _Copying(get, finished, retries)

    def end() -> None:
        copying.cancelled.set()
        interrupt()

    try:
        each(
            copying.copy,
            copying.parts(downloads),
            threads=connections,
            tick=lambda: advance(copying.arrived()),
            interrupt=end,
        )
    finally:
        copying.abandon()


@dataclass(frozen=True)
class _Part:
    file: _File
    start: int
    end: int


class _Copying:
    """What the threads of one copy share."""

    def __init__(self, get: Into, finished: Callable[[Download], None], retries: Retries) -> None:
        self._get = get
        self._finished = finished
        self._retries = retries
        self._lock = threading.Lock()
        self._own = threading.local()
        self._arrived = 0
        self._open: set[_File] = set()
        self.cancelled = threading.Event()

    def parts(self, downloads: Iterable[Download]) -> Iterator[_Part]:
        for download in downloads:
            file = _File(download)
            with self._lock:
                self._open.add(file)
            size = download.object.size
            for start in range(0, max(size, 1), PART):
                yield _Part(file, start, min(start + PART, size))

    def copy(self, part: _Part) -> None:
        file = part.file
        if not file.enter():
            return
        sink = _FileSink(file, part.start, self._block(), self._count)
        try:
            with suppress(CancelledError):
                transfer(
                    self._get,
                    file.download.object,
                    part.start,
                    part.end,
                    sink,
                    self._retries,
                    self.cancelled,
                )
        finally:
            whole = file.leave(sink.at - part.start)
        if whole:
            with self._lock:
                self._open.discard(file)
            self._finished(file.download)

    def _block(self) -> memoryview:
        """This thread's buffer."""
        block: memoryview | None = getattr(self._own, "block", None)
        if block is None:
            block = self._own.block = memoryview(bytearray(STEP))
        return block

    def _count(self, count: int) -> None:
        with self._lock:
            self._arrived += count

    def arrived(self) -> int:
        """The bytes that have arrived since this was last asked."""
        with self._lock:
            count, self._arrived = self._arrived, 0
        return count

    def abandon(self) -> None:
        """Remove the files that are not whole."""
        with self._lock:
            files, self._open = self._open, set()
        for file in files:
            file.abandon()


class _FileSink:
    """Writes what comes into a block to its place in a file."""

    def __init__(
        self, file: _File, at: int, block: memoryview, arrived: Callable[[int], None]
    ) -> None:
        self.at = at
        self._file = file
        self._block = block
        self._arrived = arrived

    def room(self, most: int) -> memoryview:
        return self._block[:most]

    def took(self, count: int) -> None:
        self._file.write(self._block[:count], self.at)
        self.at += count
        self._arrived(count)


class _File:
    """A file that several threads write, each its parts.

    Its descriptor is closed by the last thread that leaves: were it closed under a thread that
    hangs in the network, that thread's late bytes could land in whatever file came next.
    """

    def __init__(self, download: Download) -> None:
        self.download = download
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with said_of(str(download.path)):
            descriptor = os.open(download.path, flags, FILE_MODE)
            os.fchmod(descriptor, FILE_MODE)
        self._descriptor = descriptor
        self._is_closed = False
        self._lock = threading.Lock()
        self._inside = 0
        self._missing = download.object.size
        self._is_abandoned = False

    def enter(self) -> bool:
        with self._lock:
            self._inside += not self._is_abandoned
            return not self._is_abandoned

    def write(self, block: memoryview, at: int) -> None:
        with said_of(str(self.download.path)):
            written = os.pwrite(self._descriptor, block, at)
            while written < len(block):
                written += os.pwrite(self._descriptor, block[written:], at + written)

    def leave(self, written: int) -> bool:
        """Whether the file is whole now; then it is closed."""
        with self._lock:
            self._inside -= 1
            self._missing -= written
            if not self._missing or (self._is_abandoned and not self._inside):
                self._close()
            return not self._missing and not self._is_abandoned

    def abandon(self) -> None:
        with self._lock:
            self._is_abandoned = True
            if not self._inside:
                self._close()
            self.download.path.unlink(missing_ok=True)

    def _close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            os.close(self._descriptor)
