"""How far a copy is, told often enough and not too often."""

from __future__ import annotations

import time
from collections.abc import Callable

StageProgress = Callable[[str, int, int], None]
"""Told what is copied (a channel, say), the bytes done and the bytes in all; may raise to end the
work."""

_TICK_SECONDS = 0.1


class Meter:
    """Counts the bytes of one copy, and tells of them at most ten times a second."""

    def __init__(self, what: str, total: int, progress: StageProgress) -> None:
        self._what = what
        self._total = total
        self._progress = progress
        self._done = 0
        self._told = 0.0
        self.advance(0)

    def advance(self, count: int) -> None:
        self._done += count
        now = time.monotonic()
        if now - self._told >= _TICK_SECONDS:
            self._told = now
            self._progress(self._what, self._done, self._total)

    def end(self) -> None:
        self._progress(self._what, self._total, self._total)
