"""The memory that an algorithm may use: a limit, what the system needs of it, what is used."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sm_container.machine.memory import MemoryBound, own_peak
from sm_container.runtime.checkpoints.space import mebibytes
from sm_container.runtime.memory.errors import WHAT_TO_DO, MemoryBudgetError

Callback = TypeVar("Callback", bound=Callable[[], object])


class Memory:
    """This host's memory, in bytes.

    ``limit`` is the control group's where one is below the machine's, else the machine's; ``used``
    is counted in the same place, by the group or by this process and those below it.
    ``reserved_for_system`` is left to others, and ``budget`` is the rest. What ``reserve`` holds is
    known in this process alone.
    """

    def __init__(self, bound: MemoryBound, reserved_for_system: int = 0) -> None:
        self.limit = bound.limit
        self.reserved_for_system = reserved_for_system
        self.callbacks: list[Callable[[], object]] = []
        self._bound = bound
        self._lock = threading.RLock()  # a callback may interrupt its holder
        self._greatest = 0
        self._held = 0
        self._before_held = 0  # what was used when nothing was held

    @property
    def budget(self) -> int:
        """What the algorithm may use: the limit less the reservation."""
        return max(0, self.limit - self.reserved_for_system)

    @property
    def used(self) -> int:
        """What is used now. Takes some milliseconds where there are many processes."""
        used = self._bound.used()
        with self._lock:
            self._greatest = max(self._greatest, used)
        return used

    @property
    def peak(self) -> int:
        """The most that was seen in use, and at least what this process alone has had."""
        return max(self.used, self._greatest, own_peak())

    @property
    def available(self) -> int:
        """What is left of the budget; what is reserved counts as used from the start."""
        with self._lock:
            return self._left(self.used)

    @contextmanager
    def reserve(self, nbytes: int) -> Iterator[None]:
        """Hold ``nbytes`` while in here; allocate them within.

        Raises MemoryBudgetError, before anything is allocated, where they do not fit.
        """
        if nbytes < 0:
            raise ValueError(f"reserve takes a number of bytes, not {nbytes}")
        with self._lock:
            used = self.used
            if nbytes > self._left(used):
                raise MemoryBudgetError(
                    f"{mebibytes(nbytes)} were asked for, which do not fit: {self.told(used)}; "
                    f"{WHAT_TO_DO}"
                )
            if not self._held:
                self._before_held = used
            self._held += nbytes
        try:
            yield
        finally:
            with self._lock:
                self._held -= nbytes

    def rows_that_fit(self, bytes_per_row: float, share: float = 0.5) -> int:
        """How many rows of ``bytes_per_row`` fit in a ``share`` of what is available.

        Raises MemoryBudgetError where not one does.
        """
        if bytes_per_row <= 0 or not 0 < share <= 1:
            raise ValueError(
                "rows_that_fit takes bytes above 0 and a share above 0 and up to 1, not "
                f"{bytes_per_row} and {share}"
            )
        rows = int(self.available * share / bytes_per_row)
        if rows == 0:
            raise MemoryBudgetError(
                f"not one row of {mebibytes(int(bytes_per_row))} fits in {share:.0%} of what is "
                f"left: {self.told(self.used)}; {WHAT_TO_DO}"
            )
        return rows

    def callback(self, function: Callback) -> Callback:
        """Have a function called in the main thread when use reaches the soft mark. A decorator.

        Under ``Enforcement.WATCH`` alone: between two steps of the main thread, never within
        ``job.stop.deferred()``; again when use has been below the mark and comes back.
        What it raises is raised there.
        """
        self.callbacks.append(function)
        return function

    def told(self, used: int) -> str:
        """The figures in words, for an error."""
        held = f" and {mebibytes(self._held)} held" if self._held else ""
        kept = self.reserved_for_system
        reserved = f", {mebibytes(kept)} of them reserved for the system" if kept else ""
        return (
            f"{mebibytes(used)} are in use{held} (peak {mebibytes(self.peak)}) of a budget of "
            f"{mebibytes(self.budget)} (limit {mebibytes(self.limit)}{reserved})"
        )

    def _left(self, used: int) -> int:
        committed = max(used, self._before_held + self._held) if self._held else used
        return max(0, self.budget - committed)

    def __reduce__(self) -> tuple[object, ...]:
        # Another process holds nothing of it, and has no callbacks.
        return Memory, (self._bound, self.reserved_for_system)
