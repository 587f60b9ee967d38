"""The time and memory that one search may take, kept by the kernel: no code of ours runs within
``re``.

A timer of the process's own CPU time ends the process that outlasts it. It is set anew for each
search, or nearly so: reading the clock is cheaper than setting it. What was being searched then
stands in a few bytes of memory that the parent shares.
"""

from __future__ import annotations

import mmap
import os
import resource
import signal
from collections.abc import Collection
from dataclasses import dataclass
from time import monotonic

OUT_OF_MEMORY = 70
"""The exit code of a process in which a search took more memory than it may."""

_SIZE = 8
_PATTERNS = 1 << 16
_PRECISION = 20


@dataclass(frozen=True)
class Limits:
    """What one search of one line may take: seconds of CPU time, and bytes with all else."""

    seconds: float = 2.0
    memory: int = 1 << 30


@dataclass(frozen=True)
class Spot:
    """A search that did not come to its end: line and pattern by number."""

    line: int
    pattern: int


class Marker:
    """Where a search stands, for who looks at it from another process."""

    def __init__(self, descriptor: int | None = None) -> None:
        """The marker behind a descriptor that was inherited; a new one without."""
        if descriptor is None:
            descriptor = os.memfd_create("search")
            os.ftruncate(descriptor, _SIZE)
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, _SIZE)
        self.words = memoryview(self._memory).cast("Q")

    def spot(self) -> Spot | None:
        """What is being searched; None between two searches."""
        word = self.words[0]
        return Spot(*divmod(word - 1, _PATTERNS)) if word else None

    def close(self) -> None:
        self.words.release()
        self._memory.close()
        os.close(self.descriptor)


class Budget:
    """Holds this process to its limits, from now on: SIGVTALRM ends it where a search takes too
    long, and a search that takes too much memory raises MemoryError."""

    def __init__(self, limits: Limits, marker: Marker) -> None:
        signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        unbounded = hard == resource.RLIM_INFINITY
        memory = limits.memory if unbounded else min(limits.memory, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (memory, hard))
        self._seconds = limits.seconds
        self._words = marker.words
        self._set_at = 0.0
        self.passed_over: Collection[tuple[int, int]] = ()
        """Searches, by line and pattern, that are not to be tried again."""

    def begin(self, line: int, pattern: int) -> bool:
        if self.passed_over and (line, pattern) in self.passed_over:
            return False
        self._words[0] = line * _PATTERNS + pattern + 1
        now = monotonic()
        if now - self._set_at > self._seconds / _PRECISION:
            self._set_at = now
            signal.setitimer(signal.ITIMER_VIRTUAL, self._seconds)
        return True

    def rest(self) -> None:
        """Nothing is searched until the next ``begin``."""
        if self._set_at:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            self._set_at = 0.0
        self._words[0] = 0
