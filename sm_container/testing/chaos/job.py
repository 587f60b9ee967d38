"""One job of a trial: made from the request that is tested, run to its end, and watched."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sm_container.harness.checkpoints.prefix import Prefix
from sm_container.harness.job.options import RunOptions
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import JobStatus, Phase
from sm_container.harness.life.checkpoints import checkpoint_place
from sm_container.harness.life.launch import create_job
from sm_container.harness.life.prepare import prepare
from sm_container.harness.life.stopping import catching_interrupts
from sm_container.harness.life.training import run_job
from sm_container.harness.request.parse import parse_request
from sm_container.harness.request.training_request import TrainingRequest
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.text import duration
from sm_container.storage.store import Stores
from sm_container.testing.chaos.restored import Restored, newest_step
from sm_container.testing.chaos.scratch import Scratch

NAME_LIMIT = 63
"""Characters of a TrainingJobName. Source: CreateTrainingJob."""


@dataclass(frozen=True)
class Subject:
    """What is tested, and where what its jobs leave goes. ``tell`` hears what the user should know
    of a job."""

    request: TrainingRequest
    options: RunOptions
    scratch: Scratch
    tell: Callable[[str], None]

    def job_name(self, suffix: str) -> str:
        """``<name>-chaos-<suffix>``, cut to what a name may have."""
        end = f"-chaos-{suffix}"
        return f"{self.request.name[: NAME_LIMIT - len(end)].rstrip('-')}{end}"

    def checkpoint_uri(self, trial: int) -> str:
        given = self.request.checkpoint
        return f"{self.scratch.checkpoints(None if given is None else given.uri)}/{trial}"

    def checkpoint_prefix(self, trial: int) -> Prefix:
        root = self.options.s3_root
        return Prefix(self.checkpoint_uri(trial), Stores(Path(root) if root else None).open)

    def asked(self, suffix: str, trial: int) -> TrainingRequest:
        """The request of a job. Its artifacts stay on this machine."""
        document: dict[str, Any] = copy.deepcopy(dict(self.request.document))
        document["TrainingJobName"] = self.job_name(suffix)
        document["EnableManagedSpotTraining"] = True
        document["OutputDataConfig"]["S3OutputPath"] = self.scratch.output
        document.setdefault("CheckpointConfig", {})["S3Uri"] = self.checkpoint_uri(trial)
        stopping = document["StoppingCondition"]
        stopping.setdefault("MaxWaitTimeInSeconds", self.request.max_runtime)
        return parse_request(document)


@dataclass
class Watched:
    """An observer: keeps what each start was given and when phases came, and lets others act.

    ``at_phase`` is called in the thread that runs the job, which waits for it.
    """

    folder: JobFolder
    checkpoints: Path
    at_phase: Callable[[Phase], None] = lambda phase: None
    starts: list[Restored] = field(default_factory=list)
    reached: int | None = None
    """The last step that this library had saved when an attempt ended."""
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
                self._look()
            self.at_phase(transition.phase)

    def log(self, host: str, data: bytes) -> None:
        """It is in the job's folder."""

    def progress(self, what: str, done: int, total: int) -> None:
        """Nobody looks."""

    def _look(self) -> None:
        found = newest_step(self.checkpoints)
        if found is not None:
            self.reached = max(found, self.reached or 0)


@dataclass
class Job:
    """A job before, while and after it runs, in this order; ``close`` at the end."""

    subject: Subject
    suffix: str
    trial: int
    options: dict[str, Any] = field(default_factory=dict)
    """What its RunOptions have beside the subject's."""

    def __post_init__(self) -> None:
        request = self.subject.asked(self.suffix, self.trial)
        options = replace(self.subject.options, **self.options)
        self._prepared = prepare(self.subject.scratch.home, request, options)
        assert request.checkpoint is not None
        self.folder = JobFolder(self.subject.scratch.home.jobs / request.name)
        place = checkpoint_place(request.checkpoint, self.folder, self._prepared.hosts[0])
        self.watched = Watched(self.folder, place.folder.path)
        self.prefix = self.subject.checkpoint_prefix(self.trial)

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
            is_ours = False

            def at(phase: Phase) -> None:
                nonlocal is_ours
                at_phase(phase)
                is_ours = is_ours or folder.stop_request.exists()
                if phase is Phase.STOPPING and interrupts.wants_stop:
                    self._tell_how_it_stops()

            self.watched.at_phase = at
            self.watched.record(folder.read())
            record = run_job(self._prepared, folder, self.watched, interrupts)
        is_stopped = record.status is JobStatus.STOPPED and not _timed_out(record)
        if interrupts.wants_stop or (is_stopped and not is_ours):
            raise KeyboardInterrupt
        return record

    def _tell_how_it_stops(self) -> None:
        grace = duration(self.subject.options.grace_seconds)
        self.subject.tell(
            f"stopping {self.name}: SIGTERM was sent, SIGKILL follows in {grace}; "
            "a second Ctrl-C kills at once"
        )

    def close(self) -> None:
        for start in self.watched.starts:
            start.close()


def _timed_out(record: JobRecord) -> bool:
    return record.transitions[-1].phase is not Phase.STOPPED


def trained(record: JobRecord) -> float:
    """Seconds of training in all attempts."""
    return sum(
        each.end - each.start
        for each in record.transitions
        if each.phase is Phase.TRAINING and each.end is not None
    )
