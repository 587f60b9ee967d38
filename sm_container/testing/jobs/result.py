"""What came of a job that a test ran."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sm_container.contract.layout import Layout
from sm_container.contract.outcome import read_failure
from sm_container.harness.job.record import JobRecord
from sm_container.harness.metrics.periods import values
from sm_container.harness.store.folder import JobFolder

HOST = "algo-1"
_SHOWN_LINES = 40


@dataclass(frozen=True)
class JobResult:
    """A job that has ended. Nothing of it is copied: it is read from the job's folder when asked
    for, so that the folder must be there."""

    record: JobRecord
    folder: JobFolder
    command: tuple[str, ...] = ()
    """What the engine ran, secrets left out."""

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def status(self) -> str:
        """``Completed``, ``Failed`` or ``Stopped``. Source: DescribeTrainingJob."""
        return self.record.status.value

    @property
    def secondary_status(self) -> str:
        return self.record.secondary_status.value

    @property
    def failure_reason(self) -> str | None:
        """FailureReason, in the service's form."""
        return self.record.failure_reason

    @property
    def reason(self) -> str:
        """Why it ended as it did, in one sentence; its status where nothing more is known."""
        return self.failure_reason or self.record.fault or self.secondary_status

    @property
    def has_model(self) -> bool:
        """Whether it left anything that makes a model artifact."""
        return self._archive("model").exists()

    @property
    def exit_code(self) -> int | None:
        """The algorithm's own in its last start; None where it never started."""
        return self.record.exit_code

    @property
    def starts(self) -> int:
        """How many times the job's container was started."""
        return len(self.record.attempts)

    @cached_property
    def log(self) -> str:
        """All that the host has written, of every start."""
        return self.log_of(HOST)

    def log_of(self, host: str) -> str:
        path = self.folder.log(host)
        return path.read_text("utf-8", "replace") if path.exists() else ""

    @cached_property
    def failure(self) -> str | None:
        """What the algorithm wrote to ``/opt/ml/output/failure``; None where it wrote nothing."""
        return read_failure(Layout(self.folder.tree(HOST)).failure)

    @cached_property
    def metrics(self) -> Mapping[str, list[float]]:
        """The values of each metric in the order in which they stand in the logs."""
        found: dict[str, list[float]] = {}
        for each in values(self.folder):
            found.setdefault(each.name, []).append(each.value)
        return found

    @cached_property
    def model(self) -> Path:
        """The folder that ``model.tar.gz`` unpacks to.

        Raises:
            FileNotFoundError: where the job has saved none.
        """
        return self._opened("model")

    @cached_property
    def output(self) -> Path:
        """The folder that ``output.tar.gz`` unpacks to. Raises as ``model``."""
        return self._opened("output")

    @property
    def checkpoints(self) -> Path:
        """The folder that stands for CheckpointConfig's S3Uri."""
        return Path(self.record.document["CheckpointConfig"]["S3Uri"])

    def describe(self, lines: int = _SHOWN_LINES) -> str:
        """The job for a person who looks for what went wrong: its end, its command, its log."""
        record = self.record
        reason = record.failure_reason or record.fault
        parts = [
            f"{self.name}: {self.status} ({self.secondary_status}), exit code {record.exit_code}",
            *([f"reason: {reason}"] if reason else []),
            *([f"failure file: {self.failure}"] if self.failure else []),
            *(f"note: {note}" for note in record.notes),
            *([f"command: {' '.join(self.command)}"] if self.command else []),
            f"job folder: {self.folder.path}",
        ]
        tail = self.log.splitlines()[-lines:]
        return "\n".join([*parts, f"log, the last {len(tail)} lines:", *tail])

    def __repr__(self) -> str:
        return f"<JobResult {self.name}: {self.status}, exit code {self.exit_code}>"

    def _archive(self, what: str) -> Path:
        destination = self.record.document["OutputDataConfig"]["S3OutputPath"]
        return Path(destination) / self.name / "output" / f"{what}.tar.gz"

    def _opened(self, what: str) -> Path:
        archive = self._archive(what)
        folder = self.folder.path / "opened" / what
        if not folder.exists():
            folder.mkdir(parents=True)
            with tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")
        return folder
