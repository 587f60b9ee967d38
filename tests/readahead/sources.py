"""Objects in memory that come slowly, break off, hang or fail as they are told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

STEP = 64 << 10


@dataclass(eq=False)
class Memory:
    """An object of ``content``; what was asked of it stands in ``asked``, as (start, size)."""

    content: bytes
    delay: float = 0.0
    faults: list[BaseException] = field(default_factory=list)
    """Each is raised by one request, half of whose bytes have come."""
    gate: threading.Event | None = None
    """Once ``gate_after`` bytes of a request have come, it waits for this, or to be cancelled."""
    gate_after: int = 0
    asked: list[tuple[int, int]] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    is_short: bool = False

    @property
    def size(self) -> int:
        return len(self.content)

    def fill(
        self,
        start: int,
        view: memoryview,
        arrived: Callable[[int], None],
        cancelled: threading.Event,
    ) -> None:
        self.asked.append((start, len(view)))
        fault = self.faults.pop(0) if self.faults else None
        cancelled.wait(self.delay)
        length = len(view) // 2 if fault or self.is_short else len(view)
        for at in range(0, length, STEP):
            if self.gate is not None and at >= self.gate_after:
                while not (self.gate.wait(0.005) or cancelled.is_set()):
                    pass
            if cancelled.is_set():
                self.cancelled.append(start)
                return
            count = min(STEP, length - at)
            view[at : at + count] = self.content[start + at : start + at + count]
            arrived(count)
        if fault:
            raise fault
