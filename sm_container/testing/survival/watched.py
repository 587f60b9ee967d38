"""A job as it is watched: what each of its starts was given, and how far it came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import Phase
from sm_container.harness.store.folder import JobFolder
from sm_container.testing.survival.restored import Restored, newest_step


@dataclass
class Watched:
    """An observer: keeps what each start was given, and lets others act when a phase comes.

    ``at_phase`` is called in the thread that runs the job, which waits for it. ``reached`` is for
    each start that has ended the last step of this library's checkpoints that was in its folder.
    """

    folder: JobFolder
    checkpoints: Path
    at_phase: Callable[[Phase], None] = lambda phase: None
    starts: list[Restored] = field(default_factory=list)
    reached: list[int | None] = field(default_factory=list)
    _seen: int = 0

    def record(self, record: JobRecord) -> None:
        fresh = record.transitions[self._seen :]
        self._seen = len(record.transitions)
        for transition in fresh:
            if transition.phase is Phase.IMAGE:
                self.starts.append(Restored(self.checkpoints, self.folder.path))
            elif transition.phase is Phase.TRAINING:
                self.starts[-1].watch()
            elif transition.phase in (Phase.INTERRUPTED, Phase.UPLOADING):
                self.starts[-1].end()
                self.reached.append(newest_step(self.checkpoints))
            self.at_phase(transition.phase)

    def log(self, host: str, data: bytes) -> None:
        """It is in the job's folder."""

    def progress(self, what: str, done: int, total: int) -> None:
        """Nobody looks."""
