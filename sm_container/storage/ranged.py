"""The bytes of a range of an object, come what may: resumed from the last byte that arrived."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Generator
from typing import Protocol

from sm_container.storage.objects import Object
from sm_container.storage.retry import CancelledError, Retries, TransientError

_PROGRESS = 64 << 10
STEP = 512 << 10
"""Bytes that are read at once: a system call's cost is small then, and the memory too."""
_CAREFUL_STEP = 16 << 10


class Bytes(Protocol):
    """Asks a store for a range of an object, once."""

    def __call__(self, object: Object, start: int, end: int) -> Generator[bytes, None, None]:
        """The bytes from ``start`` up to ``end``, or the first of them.

        Raises:
            TransientError: where another try may help.
            StorageError: where none will.
        """


class Sink(Protocol):
    """Where bytes go as they arrive, without a copy on the way."""

    def room(self, most: int) -> memoryview:
        """Where the next bytes are to be written, ``most`` of them or fewer."""

    def took(self, count: int) -> None:
        """Note that so many bytes were written there."""


class Into(Protocol):
    """Asks a store for a range of an object, once, and reads the bytes to where they belong."""

    def __call__(self, object: Object, start: int, end: int, sink: Sink, step: int) -> None:
        """Read the bytes from ``start`` up to ``end``, or the first of them, ``step`` at a time.

        Raises:
            TransientError: where another try may help.
            StorageError: where none will.
        """


def transfer(
    get: Into,
    object: Object,
    start: int,
    end: int,
    sink: Sink,
    retries: Retries,
    cancelled: threading.Event,
) -> None:
    """Read the bytes of ``object`` from ``start`` up to ``end`` into a sink.

    Raises:
        CancelledError: when ``cancelled`` was set.
        StorageError: for a fault that no retry mends, or that none has.
    """
    counted = _Counted(sink, start, cancelled)
    failures = _Failures(object.uri, start, retries, cancelled)
    while counted.at < end:
        try:
            # What a cut tears from a step is asked for again: after one the steps are small.
            get(object, counted.at, end, counted, _CAREFUL_STEP if failures.count else STEP)
            if counted.at < end:
                raise TransientError(f"the connection was cut after byte {counted.at}")
        except TransientError as fault:
            failures.add(fault, counted.at)


class ViewSink:
    """Fills a view from its first byte on."""

    def __init__(self, view: memoryview, arrived: Callable[[int], None]) -> None:
        self._view = view
        self._arrived = arrived
        self._at = 0

    def room(self, most: int) -> memoryview:
        return self._view[self._at : self._at + most]

    def took(self, count: int) -> None:
        self._at += count
        self._arrived(count)


class _Counted:
    """A sink that knows how far it is, and stops when nobody wants the bytes any more."""

    def __init__(self, sink: Sink, at: int, cancelled: threading.Event) -> None:
        self.at = at
        self.room = sink.room
        self._took = sink.took
        self._cancelled = cancelled

    def took(self, count: int) -> None:
        self.at += count
        if self._cancelled.is_set():
            raise CancelledError
        self._took(count)


def resumed(
    get: Bytes, object: Object, start: int, end: int, retries: Retries, cancelled: threading.Event
) -> Generator[bytes, None, None]:
    """The bytes of ``object`` from ``start`` up to ``end``, in blocks.

    Raises:
        CancelledError: when ``cancelled`` was set.
        StorageError: for a fault that no retry mends, or that none has.
    """
    at, failures = start, _Failures(object.uri, start, retries, cancelled)
    while at < end:
        try:
            for block in get(object, at, end):
                at += len(block)
                if cancelled.is_set():
                    raise CancelledError
                yield block
            if at < end:
                raise TransientError(f"the connection was cut after byte {at}")
        except TransientError as fault:
            failures.add(fault, at)


class _Failures:
    """The failures of a transfer since it last got on; each is followed by a pause."""

    def __init__(self, uri: str, at: int, retries: Retries, cancelled: threading.Event) -> None:
        self.count = 0
        self._uri = uri
        self._at = at
        self._retries = retries
        self._cancelled = cancelled

    def add(self, fault: TransientError, at: int) -> None:
        """Pause after a failure at the byte ``at``; raises as `Retries.pause` does."""
        # A server that lets a few bytes through each time is not making progress.
        self.count = 1 if at - self._at >= _PROGRESS else self.count + 1
        self._at = at
        self._retries.pause(self._uri, self.count, fault, self._cancelled)


class RangedStream(io.RawIOBase):
    """An object's bytes from its first, as a stream that resumes."""

    def __init__(self, get: Bytes, object: Object, retries: Retries) -> None:
        self._blocks = resumed(get, object, 0, object.size, retries, threading.Event())
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if not self._rest:
            self._rest = memoryview(next(self._blocks, b""))
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def close(self) -> None:
        self._blocks.close()
        super().close()
