"""What befalls a job, and when: so long after a start's training began, or at a line of its log."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import Enum

from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import Phase
from sm_container.harness.life.checkpoints import checkpoint_place
from sm_container.harness.life.prepare import Prepared
from sm_container.harness.store.folder import JobFolder
from sm_container.testing.chaos.disk import Disk


class Event(Enum):
    """What can befall a job."""

    INTERRUPT = "interruption"
    KILL = "interruption without a warning"
    STOP = "stop"
    FULL_DISK = "full disk"

    @property
    def is_interruption(self) -> bool:
        """Whether the job starts again after it."""
        return self in (Event.INTERRUPT, Event.KILL)


@dataclass(frozen=True)
class Moment:
    """``when`` is seconds of a start's training, or a regular expression to be found in a line of
    what it writes."""

    event: Event
    when: float | str

    def __str__(self) -> str:
        at = f"after {self.when:g} s" if not isinstance(self.when, str) else f"at {self.when!r}"
        return f"{self.event.value} {at}"


class MissedMomentError(AssertionError):
    """The job ended before what was to befall it: the test would have shown nothing."""


class Moments:
    """An observer that has each moment come in its start: the first up to the first interruption in
    the first start, the next in the second. ``live`` echoes the log to the standard error."""

    def __init__(self, folder: JobFolder, moments: Sequence[Moment], live: bool = False) -> None:
        self._folder = folder
        self._live = live
        self._waiting = _by_start(moments)
        self._lock = threading.Lock()
        self._armed: list[Moment] = []
        self._timers: list[threading.Timer] = []
        self._phases = 0
        self._starts = 0
        self._disk: Disk | None = None

    @contextmanager
    def watching(self, prepared: Prepared) -> Iterator[None]:
        """Around the job's run.

        Raises:
            MissedMomentError: where the job ended by itself before its last moment.
            EngineError: where a disk could not be mounted, or filled.
        """
        with ExitStack() as undone:
            undone.callback(self._disarm)
            if any(moment.event is Event.FULL_DISK for each in self._waiting for moment in each):
                assert prepared.request.checkpoint is not None
                host = prepared.hosts[0]
                place = checkpoint_place(prepared.request.checkpoint, self._folder, host)
                self._disk = Disk(place.folder.path)
                undone.callback(self._disk.close)
            yield
        with self._lock:
            missed = [*self._armed, *(moment for each in self._waiting for moment in each)]
        if missed:
            raise MissedMomentError(
                f"{self._folder.name} ended before its {missed[0]}; its log: "
                f"{self._folder.log(prepared.hosts[0])}"
            )

    def record(self, record: JobRecord) -> None:
        fresh = record.transitions[self._phases :]
        self._phases = len(record.transitions)
        for transition in fresh:
            if transition.phase is Phase.IMAGE:
                self._begin()
            elif transition.phase is Phase.TRAINING:
                self._arm()
            elif transition.phase.ends_attempt or transition.phase is Phase.UPLOADING:
                self._stop_timers()

    def log(self, host: str, data: bytes) -> None:
        if self._live:
            sys.__stderr__ and sys.__stderr__.write(data.decode("utf-8", "replace"))
        lines = data.decode("utf-8", "replace").splitlines()
        self._come(lambda moment: _is_at(moment, lines))

    def progress(self, what: str, done: int, total: int) -> None:
        """Nothing befalls a download."""

    def _begin(self) -> None:
        """A start is about to begin: its log may come before its training is recorded."""
        with self._lock:
            self._armed = self._waiting.pop(0) if self._waiting else []
            needs_disk = any(moment.event is Event.FULL_DISK for moment in self._armed)
        if needs_disk and self._disk is not None:
            self._disk.mount()

    def _arm(self) -> None:
        with self._lock:
            timed = [moment for moment in self._armed if not isinstance(moment.when, str)]
        for moment in timed:
            assert not isinstance(moment.when, str)
            timer = threading.Timer(moment.when, self._come, (lambda other, m=moment: other is m,))
            timer.daemon = True
            self._timers.append(timer)
            timer.start()

    def _come(self, is_due: Callable[[Moment], bool]) -> None:
        with self._lock:
            due = [moment for moment in self._armed if is_due(moment)]
            self._armed = [moment for moment in self._armed if moment not in due]
        for moment in due:
            self._act(moment.event)

    def _act(self, event: Event) -> None:
        if event is Event.STOP:
            self._folder.stop_request.touch()
        elif event is Event.FULL_DISK:
            assert self._disk is not None
            self._disk.fill()
        else:
            self._folder.interrupt_request.write_bytes(b"" if event is Event.INTERRUPT else b"kill")

    def _stop_timers(self) -> None:
        while self._timers:
            self._timers.pop().cancel()

    def _disarm(self) -> None:
        self._stop_timers()


def _by_start(moments: Sequence[Moment]) -> list[list[Moment]]:
    starts: list[list[Moment]] = [[]]
    for moment in moments:
        starts[-1].append(moment)
        if moment.event.is_interruption:
            starts.append([])
    return [each for each in starts if each]


def _is_at(moment: Moment, lines: Sequence[str]) -> bool:
    pattern = moment.when
    return isinstance(pattern, str) and any(re.search(pattern, line) for line in lines)
