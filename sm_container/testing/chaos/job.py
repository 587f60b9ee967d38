"""One job of a trial: made from the request that is tested, run to its end, and watched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import Phase
from sm_container.harness.life.checkpoints import checkpoint_place
from sm_container.harness.life.launch import create_job
from sm_container.harness.life.prepare import prepare
from sm_container.harness.life.stopping import catching_interrupts
from sm_container.harness.life.training import run_job
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.text import duration
from sm_container.testing.chaos.subject import Subject
from sm_container.testing.survival.watched import Watched


class Job:
    """A job before, while and after it runs, in this order; ``close`` at the end."""

    def __init__(self, subject: Subject, suffix: str, trial: int, **options: Any) -> None:
        """Settle it; nothing is made yet. ``options`` are what its RunOptions have beside the
        subject's. Raises as ``prepare``."""
        request = subject.asked(suffix, trial)
        assert request.checkpoint is not None
        self._subject = subject
        self._prepared = prepare(subject.scratch.home, request, replace(subject.options, **options))
        self.folder = JobFolder(subject.scratch.home.jobs / request.name)
        place = checkpoint_place(request.checkpoint, self.folder, self._prepared.hosts[0])
        self.watched = Watched(self.folder, place.folder.path)
        self.prefix = subject.checkpoint_prefix(trial)

    @property
    def name(self) -> str:
        return self.folder.name

    def run(self, at_phase: Callable[[Phase], None] = lambda phase: None) -> JobRecord:
        """Run it to its end. Ctrl-C stops it as the service would, twice kills, and in the end
        KeyboardInterrupt is raised.

        Raises:
            KeyboardInterrupt: also where it was stopped from elsewhere.
        """
        folder, ownership = create_job(self._prepared)
        with ownership, catching_interrupts() as interrupts:
            passed: list[Phase] = []
            is_ours = False

            def at(phase: Phase) -> None:
                nonlocal is_ours
                at_phase(phase)
                is_ours = is_ours or folder.stop_request.exists()
                if phase is Phase.STOPPING and interrupts.wants_stop:
                    self._tell_how_it_stops(is_running=passed[-1] is Phase.TRAINING)
                passed.append(phase)

            self.watched.at_phase = at
            self.watched.record(folder.read())
            record = run_job(self._prepared, folder, self.watched, interrupts)
        was_stopped = record.transitions[-1].phase is Phase.STOPPED  # and not at a time limit
        if interrupts.wants_stop or (was_stopped and not is_ours):
            raise KeyboardInterrupt
        return record

    def close(self) -> None:
        for start in self.watched.starts:
            start.close()

    def _tell_how_it_stops(self, *, is_running: bool) -> None:
        grace = duration(self._subject.options.grace_seconds)
        how = f"SIGTERM was sent, SIGKILL follows in {grace}; a second Ctrl-C kills at once"
        self._subject.tell(f"stopping {self.name}{f': {how}' if is_running else ''}")


def trained(record: JobRecord) -> float:
    """Seconds of training in all attempts."""
    return sum(
        each.end - each.start
        for each in record.transitions
        if each.phase is Phase.TRAINING and each.end is not None
    )


def why_incomplete(record: JobRecord) -> str:
    """What a job that did not complete says of that."""
    return record.failure_reason or record.fault or record.secondary_status.value
