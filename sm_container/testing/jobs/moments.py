"""What befalls a job, and when: so long after a start's training began, or at a line of its log."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory

from sm_container.harness.engines.engine import EngineError
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import JobStatus, Phase
from sm_container.harness.life.checkpoints import checkpoint_place
from sm_container.harness.life.prepare import Prepared
from sm_container.harness.store.folder import JobFolder
from sm_container.testing.survival.disk import Disk, why_no_disk


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
    what it writes. Raises ValueError for one that is none."""

    event: Event
    when: float | str

    def __post_init__(self) -> None:
        if isinstance(self.when, str):
            try:
                re.compile(self.when)
            except re.error as fault:
                raise ValueError(f"{self.when!r} is no regular expression: {fault}") from None

    def __str__(self) -> str:
        at = f"after {self.when:g} s" if not isinstance(self.when, str) else f"at {self.when!r}"
        return f"{self.event.value} {at}"


class MissedMomentError(AssertionError):
    """The job ended before what was to befall it: the test would have shown nothing."""


class Moments:
    """An observer that has each moment come in its start: the first up to the first interruption in
    the first start, the next in the second."""

    def __init__(self, folder: JobFolder, moments: Sequence[Moment]) -> None:
        self._folder = folder
        self._waiting = _by_start(moments)
        self._has_full_disk = any(moment.event is Event.FULL_DISK for moment in moments)
        self._lock = threading.Lock()
        self._armed: list[Moment] = []
        self._missed: list[Moment] = []
        self._come_to_pass: list[Moment] = []
        self._timers: list[threading.Timer] = []
        self._record: JobRecord | None = None
        self._phases = 0
        self._checkpoints: Path | None = None
        self._disk: Disk | None = None

    @contextmanager
    def watching(self, prepared: Prepared) -> Iterator[None]:
        """Around the job's run.

        Raises:
            MissedMomentError: where the job ended by itself before its last moment.
            EngineError: where a disk could not be mounted, or filled.
        """
        if self._has_full_disk:
            why = why_no_disk()
            if why is not None:
                raise EngineError(f"the disk cannot become full: {why}; run this test as root")
            assert prepared.request.checkpoint is not None
            place = checkpoint_place(prepared.request.checkpoint, self._folder, prepared.hosts[0])
            self._checkpoints = place.folder.path
        try:
            yield
        finally:
            self._stop_timers()
            self._take_disk_away()
        assert self._record is not None
        missed = self._all_missed(self._record)
        if missed:
            reason = self._record.failure_reason or self._record.fault
            raise MissedMomentError(
                f"{self._folder.name} ended before its {missed[0]}: {self._record.status.value}"
                f"{f', {reason}' if reason else ''}; its log: "
                f"{self._folder.log(prepared.hosts[0])}"
            )

    def record(self, record: JobRecord) -> None:
        self._record = record
        fresh = record.transitions[self._phases :]
        self._phases = len(record.transitions)
        for transition in fresh:
            if transition.phase is Phase.IMAGE:
                self._begin()
            elif transition.phase is Phase.TRAINING:
                self._arm()
            elif transition.phase is Phase.UPLOADING:
                self._stop_timers()
            elif transition.phase.ends_attempt:
                self._stop_timers()
                self._take_disk_away()

    def log(self, host: str, data: bytes) -> None:
        lines = data.decode("utf-8", "replace").splitlines()
        self._come(lambda moment: _is_at(moment, lines))

    def progress(self, what: str, done: int, total: int) -> None:
        """Nothing befalls a download."""

    def _begin(self) -> None:
        """A start is about to begin: its log may come before its training is recorded."""
        with self._lock:
            self._missed += self._armed
            self._armed = self._waiting.pop(0) if self._waiting else []
            needs_disk = any(moment.event is Event.FULL_DISK for moment in self._armed)
        if needs_disk:
            assert self._checkpoints is not None
            self._disk = Disk(self._checkpoints)
            _mount_over(self._disk, self._checkpoints, self._folder.path)

    def _arm(self) -> None:
        with self._lock:
            timed = [moment for moment in self._armed if not isinstance(moment.when, str)]
        for moment in timed:
            assert not isinstance(moment.when, str)
            timer = threading.Timer(moment.when, self._come, (lambda other, m=moment: other is m,))
            timer.daemon = True  # whoever ends the tests does not wait for it
            self._timers.append(timer)
            timer.start()

    def _come(self, is_due: Callable[[Moment], bool]) -> None:
        with self._lock:
            due = [moment for moment in self._armed if is_due(moment)]
            self._armed = [moment for moment in self._armed if moment not in due]
            self._come_to_pass += due
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

    def _all_missed(self, record: JobRecord) -> list[Moment]:
        """The moments that never came, and those that came when the job had just ended."""
        with self._lock:
            missed = [
                *self._missed,
                *self._armed,
                *(each for some in self._waiting for each in some),
            ]
            come = list(self._come_to_pass)
        interruptions = [each for each in come if each.event.is_interruption]
        lost = sum(attempt.interruption is not None for attempt in record.attempts)
        stops = [each for each in come if each.event is Event.STOP]
        stopped = len(stops) if record.status is JobStatus.STOPPED else 0
        return [*interruptions[lost:], *stops[stopped:], *missed]

    def _take_disk_away(self) -> None:
        if self._disk is not None:
            self._disk.close()
            self._disk = None

    def _stop_timers(self) -> None:
        while self._timers:
            timer = self._timers.pop()
            timer.cancel()
            timer.join()


def _mount_over(disk: Disk, folder: Path, beside: Path) -> None:
    """Mount a disk that has what the folder has: the checkpoints that were restored."""
    with TemporaryDirectory(dir=beside) as aside:
        shutil.copytree(folder, aside, dirs_exist_ok=True)
        disk.mount()
        shutil.copytree(aside, folder, dirs_exist_ok=True)


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
