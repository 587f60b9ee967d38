"""One job of a battery, run to its end and watched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from sm_container.harness.engines.engine import Notes, unheard
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import Phase
from sm_container.harness.life.checkpoints import checkpoint_place
from sm_container.harness.life.launch import create_job
from sm_container.harness.life.prepare import Prepared
from sm_container.harness.life.stopping import catching_interrupts
from sm_container.harness.life.training import run_job
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.text import duration
from sm_container.testing.jobs.describing import HOST
from sm_container.testing.jobs.moments import Moment, Moments
from sm_container.testing.jobs.result import JobResult
from sm_container.testing.survival.restored import Restored


class Starts:
    """What each start of a job found in its checkpoint folder. An observer, to be told of a job
    from its begin; ``close`` afterwards."""

    def __init__(self) -> None:
        self.found: list[Restored] = []
        self._checkpoints: Path | None = None
        self._aside: Path | None = None
        self._seen = 0

    def begin(self, prepared: Prepared, folder: JobFolder) -> None:
        """Before the job's first record."""
        assert prepared.request.checkpoint is not None
        place = checkpoint_place(prepared.request.checkpoint, folder, HOST)
        self._checkpoints, self._aside = place.folder.path, folder.path

    def record(self, record: JobRecord) -> None:
        fresh = record.transitions[self._seen :]
        self._seen = len(record.transitions)
        for transition in fresh:
            if transition.phase is Phase.IMAGE:
                assert self._checkpoints is not None
                assert self._aside is not None
                self.found.append(Restored(self._checkpoints, self._aside))
            elif transition.phase is Phase.TRAINING:
                self.found[-1].watch()
            elif transition.phase in (Phase.INTERRUPTED, Phase.UPLOADING):
                self.found[-1].end()

    def close(self) -> None:
        for each in self.found:
            each.close()


def run_to_end(
    prepared: Prepared,
    moments: Sequence[Moment] = (),
    starts: Starts | None = None,
    begun: Callable[[str], None] = lambda job: None,
    tell: Notes = unheard,
) -> JobResult:
    """Run a job in the main thread. Ctrl-C stops it as the service would, twice kills, and in the
    end KeyboardInterrupt is raised. ``begun`` is told its name once there is such a job, ``tell``
    hears how it is stopped.

    Raises:
        KeyboardInterrupt: after the job has ended.
        MissedMomentError: where it ended before what was to befall it.
        EngineError: where a moment cannot be brought about.
    """
    folder, ownership = create_job(prepared)
    begun(folder.name)
    befalling = Moments(folder, moments)
    if starts is not None:
        starts.begin(prepared, folder)
    with ownership, catching_interrupts() as interrupts, befalling.watching(prepared):

        def say_how_it_stops() -> None:
            if interrupts.wants_stop:
                tell(
                    f"stopping {folder.name}: SIGTERM was sent, SIGKILL follows in "
                    f"{duration(prepared.options.grace_seconds)}; a second Ctrl-C kills at once"
                )

        observer = _Watching(befalling, starts, say_how_it_stops)
        observer.record(folder.read())
        record = run_job(prepared, folder, observer, interrupts)
        if interrupts.wants_stop:
            raise KeyboardInterrupt
    return JobResult(record, folder)


class _Watching:
    """A job's moments, and who looks at its starts and at its stop, as one observer."""

    def __init__(
        self, moments: Moments, starts: Starts | None, is_stopping: Callable[[], None]
    ) -> None:
        self._moments = moments
        self._starts = starts
        self._is_stopping = is_stopping
        self._is_told = False

    def record(self, record: JobRecord) -> None:
        if self._starts is not None:
            self._starts.record(record)
        self._moments.record(record)
        if record.phase is Phase.STOPPING and not self._is_told:
            self._is_told = True
            self._is_stopping()

    def log(self, host: str, data: bytes) -> None:
        self._moments.log(host, data)

    def progress(self, what: str, done: int, total: int) -> None:
        self._moments.progress(what, done, total)
