"""Why and how hard a job is asked to stop: a request file, Ctrl-C, or a time limit."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from types import FrameType

from sm_container.harness.job.status import Phase
from sm_container.harness.store.folder import JobFolder


class StopCause(Enum):
    """What ended a job before its algorithm did."""

    REQUEST = "StopTrainingJob"
    MAX_RUNTIME = "MaxRuntimeInSeconds"
    MAX_WAIT = "MaxWaitTimeInSeconds"

    @property
    def phase(self) -> Phase:
        """What the job ends as."""
        return _ENDS[self]


_ENDS = {
    StopCause.REQUEST: Phase.STOPPED,
    StopCause.MAX_RUNTIME: Phase.MAX_RUNTIME_EXCEEDED,
    StopCause.MAX_WAIT: Phase.MAX_WAIT_TIME_EXCEEDED,
}


@dataclass
class Interrupts:
    """The signals that this process has got: the first asks to stop, the second to kill."""

    received: list[int] = field(default_factory=list)
    _is_raising: bool = False

    @property
    def wants_stop(self) -> bool:
        return len(self.received) > 0

    @property
    def wants_kill(self) -> bool:
        return len(self.received) > 1

    def record(self, number: int, frame: FrameType | None = None) -> None:
        """The signals' handler."""
        self.received.append(number)
        if self._is_raising and self.wants_kill:
            raise KeyboardInterrupt

    @contextmanager
    def raising(self) -> Iterator[None]:
        """While the block runs, which may hang where nobody can look, the second signal ends it.

        Raises:
            KeyboardInterrupt: in the main thread.
        """
        self._is_raising = True
        try:
            yield
        finally:
            self._is_raising = False


@contextmanager
def catching_interrupts() -> Iterator[Interrupts]:
    """Record Ctrl-C, SIGTERM and SIGHUP while the block runs, instead of ending this process.

    The handler only records, but within ``Interrupts.raising``; whoever runs the job looks. Must be
    entered in the main thread.
    """
    interrupts = Interrupts()
    with _handled(interrupts.record):
        yield interrupts


@contextmanager
def raising_interrupts() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise KeyboardInterrupt while the block runs, as Ctrl-C does.

    Must be entered in the main thread.
    """
    with _handled(signal.default_int_handler):
        yield


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    caught = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, handler) for number in caught}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def is_stop_requested(folder: JobFolder, interrupts: Interrupts) -> bool:
    """Whether a person here, or another process through the job's folder, asks for the end."""
    return interrupts.wants_stop or folder.stop_request.exists()
