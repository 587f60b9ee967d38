"""The one writer of a running job's record: each change is on disk before anybody is told."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from sm_container.harness.job.attempts import Interruption
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import Phase
from sm_container.harness.life.observer import Observer
from sm_container.harness.store.folder import JobFolder


class Ledger:
    """A job's record as it changes. Only the job's owner holds one."""

    def __init__(self, folder: JobFolder, observer: Observer) -> None:
        self.folder = folder
        self.record = folder.read()
        self._observer = observer

    def enter(self, phase: Phase, *, exit_code: int | None = None, **changes: Any) -> None:
        """Enter a phase, and change other fields in the same step. ``exit_code`` is the algorithm's
        where its end has led there."""
        self._put(replace(self.record.entered(phase, time.time(), exit_code), **changes))

    def interrupt(self, *, warned: bool) -> None:
        """Note that the instances of this attempt are being lost."""
        now = time.time()
        *before, last = self.record.attempts
        lost = replace(last, interruption=Interruption(now, warned))
        self.update(attempts=(*before, lost))

    def update(self, **changes: Any) -> None:
        self._put(replace(self.record, last_modified=time.time(), **changes))

    def note(self, *texts: str) -> None:
        """Add what the user should know of this run; the same thing is said once."""
        fresh = tuple(text for text in texts if text not in self.record.notes)
        if fresh:
            self.update(notes=(*self.record.notes, *fresh))

    def _put(self, record: JobRecord) -> None:
        self.folder.write(record)
        self.record = record
        self._observer.record(record)
