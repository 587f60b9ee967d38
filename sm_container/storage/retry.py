"""Trying again: after how long, how often, and what is then said."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sm_container.storage.errors import StorageError

T = TypeVar("T")


class TransientError(Exception):
    """A request failed in a way that another try may not: a cut, a time-out, a busy server."""


class CancelledError(Exception):
    """Whoever wanted the bytes does not want them any more."""


@dataclass(frozen=True)
class Retries:
    """How often to try without any progress, and how long to wait before the next try.

    The wait, in seconds, doubles from ``first`` up to ``longest``; a random part of it is left
    off, so that many who were refused at once do not come back at once.
    """

    attempts: int = 8
    first: float = 0.1
    longest: float = 5.0

    def pause(
        self, uri: str, failures: int, fault: TransientError, cancelled: threading.Event
    ) -> None:
        """Wait before the next try.

        Raises:
            StorageError: when there were enough of them.
            CancelledError: when ``cancelled`` was set.
        """
        if failures >= self.attempts:
            raise StorageError(
                uri,
                f"could not be read in {failures} tries: {fault}",
                "check the network and the endpoint, then run again",
            ) from fault
        longest = min(self.longest, self.first * 2.0 ** (failures - 1))
        if cancelled.wait(longest * random.uniform(0.5, 1.0)):
            raise CancelledError from fault


def retried(request: Callable[[], T], uri: str, retries: Retries, cancelled: threading.Event) -> T:
    """The result of a request that is made again while it fails in a passing way."""
    failures = 0
    while True:
        try:
            return request()
        except TransientError as fault:
            failures += 1
            retries.pause(uri, failures, fault, cancelled)
