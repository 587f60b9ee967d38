"""Why and how hard a job is asked to stop: a request file, Ctrl-C, or its time limit."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from types import FrameType

from sm_container.harness.store.folder import JobFolder


class StopCause(Enum):
    """What ended a job before its algorithm did."""

    REQUEST = "StopTrainingJob"
    MAX_RUNTIME = "MaxRuntimeInSeconds"


@dataclass
class Interrupts:
    """The signals that this process has got: the first asks to stop, the second to kill."""

    received: list[int] = field(default_factory=list)

    @property
    def wants_stop(self) -> bool:
        return len(self.received) > 0

    @property
    def wants_kill(self) -> bool:
        return len(self.received) > 1


@contextmanager
def catching_interrupts() -> Iterator[Interrupts]:
    """Record Ctrl-C, SIGTERM and SIGHUP while the block runs, instead of ending this process.

    A handler only records; whoever runs the job looks. Must be entered in the main thread.
    """
    interrupts = Interrupts()

    def record(number: int, frame: FrameType | None) -> None:
        interrupts.received.append(number)

    caught = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, record) for number in caught}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def is_stop_requested(folder: JobFolder, interrupts: Interrupts) -> bool:
    """Whether a person here, or another process through the job's folder, asks for the end."""
    return interrupts.wants_stop or folder.stop_request.exists()
