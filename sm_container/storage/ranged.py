"""The bytes of a range of an object, come what may: resumed from the last byte that arrived."""

from __future__ import annotations

import io
import threading
from collections.abc import Generator
from typing import Protocol

from sm_container.storage.objects import Object
from sm_container.storage.retry import CancelledError, Retries, TransientError

_PROGRESS = 64 << 10


class Bytes(Protocol):
    """Asks a store for a range of an object, once."""

    def __call__(self, object: Object, start: int, end: int) -> Generator[bytes, None, None]:
        """The bytes from ``start`` up to ``end``, or the first of them.

        Raises:
            TransientError: where another try may help.
            StorageError: where none will.
        """


def resumed(
    get: Bytes, object: Object, start: int, end: int, retries: Retries, cancelled: threading.Event
) -> Generator[bytes, None, None]:
    """The bytes of ``object`` from ``start`` up to ``end``, in blocks.

    Raises:
        CancelledError: when ``cancelled`` was set.
        StorageError: for a fault that no retry mends, or that none has.
    """
    at, failures, since = start, 0, start
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
            # A server that lets a few bytes through each time is not making progress.
            failures = 1 if at - since >= _PROGRESS else failures + 1
            since = at
            retries.pause(object.uri, failures, fault, cancelled)


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
