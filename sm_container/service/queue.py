"""Jobs that wait for their turn, and those that run: so many at once, each in a process of its own.

A job that waits is on disk already, in the phase Pending, and is this process's; one that runs is
its owner process's, and goes on when the service ends. Where there is room a job is given to its
owner before whoever asked for it is answered: a service that is killed after that loses nothing.
"""

from __future__ import annotations

import subprocess
import threading
from collections import deque
from collections.abc import Callable

from sm_container.harness.engines.engine import EngineError
from sm_container.harness.job.status import JobStatus, Phase
from sm_container.harness.life.ledger import Ledger
from sm_container.harness.life.observer import Silent
from sm_container.harness.life.recovery import recover_job
from sm_container.harness.life.standby import Standby
from sm_container.harness.store.folder import DamagedJobError, JobFolder, JobLostError
from sm_container.harness.store.jobs import JobStore
from sm_container.harness.store.ownership import OwnedElsewhereError, Ownership, is_owned

_LOOK_SECONDS = 0.1


Maker = Callable[[Phase], tuple[JobFolder, Ownership]]
"""Makes a job in the phase that it is told."""


class NoMoreJobsError(Exception):
    """The queue takes no more jobs: its service is ending."""


class Queue:
    """The jobs of a store, in the order in which they were made here. ``close`` ends its thread.

    ``tell`` hears in a line what happens to each.
    """

    def __init__(self, store: JobStore, at_once: int, tell: Callable[[str], None]) -> None:
        self._store = store
        self._standby = Standby(store.home)
        self._at_once = at_once
        self._tell = tell
        self._waiting: deque[tuple[JobFolder, Ownership]] = deque()
        self._running: dict[str, subprocess.Popen[bytes] | None] = {}
        self._changed = threading.Condition()
        self._takes_jobs = True
        self._is_open = True
        self._thread = threading.Thread(target=self._work, name="queue", daemon=True)

    @property
    def takes_jobs(self) -> bool:
        """Whether a job that is made here will begin some time."""
        return self._takes_jobs and self._thread.is_alive()

    def start(self) -> None:
        """Find the jobs of an earlier service, and begin."""
        self._take_up()
        self._thread.start()

    def admit(self, make: Maker) -> JobFolder:
        """Make a job, and have it run as soon as there is room for it. Jobs are made one at a time,
        so that ``make`` may look whether its job is there already.

        Raises:
            NoMoreJobsError: after ``drain``.
        """
        with self._changed:
            if not self.takes_jobs:
                raise NoMoreJobsError
            has_room = not self._waiting and len(self._running) < self._at_once
            folder, ownership = make(Phase.STARTING if has_room else Phase.PENDING)
            self._waiting.append((folder, ownership))
            self._begin()
            self._changed.notify()
            return folder

    def drain(self) -> tuple[int, int]:
        """Begin no more jobs; how many run still, and how many wait for the next service."""
        with self._changed:
            self._takes_jobs = False
            self._changed.notify()
            return len(self._running), len(self._waiting)

    def is_idle(self) -> bool:
        with self._changed:
            return not self._running

    def close(self) -> None:
        """Let go of the jobs that wait: they are on disk. Those that run go on."""
        with self._changed:
            self._takes_jobs = False
            self._is_open = False
            self._changed.notify()
        self._thread.join()
        self._standby.close()
        while self._waiting:
            self._waiting.popleft()[1].release()

    def _take_up(self) -> None:
        """Jobs that wait are queued again, those that run are watched, those whose process died are
        ended."""
        found = reversed(self._store.summaries())  # the oldest first
        names = [each.name for each in found if each.status in _LIVING]
        for folder in map(self._store.find, names):
            if is_owned(folder):
                self._running[folder.name] = None
                self._tell(f"{folder.name} runs, and goes on")
            elif folder.read().phase is Phase.PENDING:
                try:
                    self._waiting.append((folder, Ownership.take(folder)))
                except OwnedElsewhereError:
                    continue  # ended by another process meanwhile
                self._tell(f"{folder.name} waits its turn again")
            else:
                self._recover(folder)

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._is_open:
                    return
                self._end_stopped()
                self._begin()
                ended = [name for name in self._running if self._has_ended(name)]
                for name in ended:
                    del self._running[name]
                if not ended:
                    busy = self._running or self._waiting
                    self._changed.wait(_LOOK_SECONDS if busy else None)
            for name in ended:
                self._settle(name)

    def _begin(self) -> None:
        while self._takes_jobs and self._waiting and len(self._running) < self._at_once:
            folder, ownership = self._waiting.popleft()
            try:
                if folder.read().phase is Phase.PENDING:
                    Ledger(folder, Silent()).enter(Phase.STARTING)
            except (JobLostError, DamagedJobError) as fault:
                ownership.release()
                self._tell(f"{folder.name} is lost: {fault}")
                continue
            except OSError as fault:
                ownership.release()
                self._fail(folder, fault)
                continue
            try:
                self._running[folder.name] = self._standby.give(folder, ownership)
            except OSError as fault:
                self._fail(folder, fault)
                continue
            self._tell(f"{folder.name} begins")

    def _fail(self, folder: JobFolder, fault: OSError) -> None:
        """End a job for which there is no process or no disk: others may have more luck."""
        self._tell(f"{folder.name} cannot be started: {fault}")
        self._recover(folder)

    def _end_stopped(self) -> None:
        """Stop the jobs that wait and were asked to stop."""
        asked = [each for each in self._waiting if each[0].stop_request.exists()]
        for folder, ownership in asked:
            self._waiting.remove((folder, ownership))
            try:
                with ownership:
                    ledger = Ledger(folder, Silent())
                    ledger.enter(Phase.STOPPING)
                    ledger.enter(Phase.STOPPED)
            except (JobLostError, DamagedJobError) as fault:
                self._tell(f"{folder.name} is lost: {fault}")
            else:
                self._tell(f"{folder.name} was stopped before it began")

    def _has_ended(self, name: str) -> bool:
        process = self._running[name]
        if process is not None:
            return process.poll() is not None
        return not is_owned(self._folder(name))

    def _settle(self, name: str) -> None:
        """See to it that a job whose process is gone has ended."""
        folder = self._folder(name)
        try:
            record = folder.read()
        except DamagedJobError as fault:
            self._tell(str(fault))
            return
        if not record.status.is_terminal:
            self._recover(folder)
            return
        why = f": {record.failure_reason}" if record.failure_reason else ""
        self._tell(f"{name} {record.secondary_status.value}{why}")

    def _recover(self, folder: JobFolder) -> None:
        try:
            recovered = recover_job(self._store, folder)
        except (EngineError, OSError) as fault:
            self._tell(f"{folder.name} could not be ended; the next start tries again: {fault}")
            return
        if recovered is not None:
            self._tell(f"{folder.name} was ended: the process that ran it had died")

    def _folder(self, name: str) -> JobFolder:
        return JobFolder(self._store.home.jobs / name)


_LIVING = frozenset(status.value for status in JobStatus if not status.is_terminal)
