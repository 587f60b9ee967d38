"""Who watches a job that a test runs: several at once, and whoever sits before the terminal."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sm_container.harness.job.record import JobRecord
from sm_container.harness.life.observer import Observer, Silent

_STANDARD_ERROR = 2


class Together:
    """Several observers as one, told in their order."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def record(self, record: JobRecord) -> None:
        for each in self._observers:
            each.record(record)

    def log(self, host: str, data: bytes) -> None:
        for each in self._observers:
            each.log(host, data)

    def progress(self, what: str, done: int, total: int) -> None:
        for each in self._observers:
            each.progress(what, done, total)


class Echo(Silent):
    """Writes the log to a descriptor as it comes."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def log(self, host: str, data: bytes) -> None:
        rest = memoryview(data)
        with self._lock:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]


@contextmanager
def echo_to_terminal() -> Iterator[Echo]:
    """To what is the standard error now: an algorithm that trains in this process has another one
    meanwhile."""
    terminal = os.dup(_STANDARD_ERROR)
    try:
        yield Echo(terminal)
    finally:
        os.close(terminal)
