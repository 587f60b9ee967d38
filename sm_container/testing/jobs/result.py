"""What came of a job that a test ran."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from sm_container.contract.metrics import MetricDefinition
from sm_container.harness.job.record import JobRecord
from sm_container.harness.metrics.periods import values
from sm_container.harness.metrics.specification import definitions_of
from sm_container.harness.outputs.artifacts import Destination
from sm_container.harness.store.folder import JobFolder
from sm_container.storage.uri import Scheme, parse
from sm_container.testing.jobs.describing import (
    HOST,
    SHOWN_LINES,
    description,
    failure_of,
    log_of,
    shortened,
)
from sm_container.testing.jobs.files import files_below


class Status(str):
    """A status, which knows its job: a failed assertion can say why it is no other."""

    _job: JobResult

    def __new__(cls, value: str, job: JobResult) -> Status:
        made = super().__new__(cls, value)
        made._job = job
        return made

    def because(self) -> list[str]:
        """The reason, and where to look, in lines."""
        job = self._job
        return [*f"{job.name}: {job.reason}".splitlines(), f"its log: {job.folder.log(HOST)}"]


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
        return Status(self.record.status.value, self)

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
    def exit_code(self) -> int | None:
        """The algorithm's own in its last start; None where it never started."""
        return self.record.exit_code

    @property
    def starts(self) -> int:
        """How many times the job's container was started."""
        return len(self.record.attempts)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the harness has noted of the run: samples, simulations, memory that ran out."""
        return self.record.notes

    @cached_property
    def log(self) -> str:
        """All that the host has written, of every start."""
        return self.log_of(HOST)

    def log_of(self, host: str) -> str:
        return log_of(self.folder, host)

    @cached_property
    def failure(self) -> str | None:
        """What the algorithm wrote to ``/opt/ml/output/failure``; None where it wrote nothing."""
        return failure_of(self.folder)

    @cached_property
    def metrics(self) -> Mapping[str, list[float]]:
        """The values of each metric in the order in which they stand in the logs."""
        found: dict[str, list[float]] = {}
        for each in values(self.folder):
            found.setdefault(each.name, []).append(each.value)
        return found

    @property
    def metric_definitions(self) -> tuple[MetricDefinition, ...]:
        """What was looked for in the log."""
        return definitions_of(self.record.document["AlgorithmSpecification"])

    @property
    def where(self) -> str:
        """Where to look."""
        return f"job {self.name} ({self.status}), its log: {self.folder.log(HOST)}"

    @property
    def has_model(self) -> bool:
        """Whether it left anything that makes a model artifact."""
        return self._artifact("model").exists()

    @cached_property
    def model(self) -> Path:
        """The folder that ``model.tar.gz`` unpacks to.

        Raises:
            FileNotFoundError: where the job has saved none.
        """
        return self._opened("model")

    def model_files(self) -> list[str]:
        """The names of the model's files, sorted; those in folders below with ``/``. None where
        the job has saved no model."""
        return files_below(self.model) if self.has_model else []

    @cached_property
    def output(self) -> Path:
        """The folder that ``output.tar.gz`` unpacks to. Raises as ``model``."""
        return self._opened("output")

    @property
    def checkpoints(self) -> Path:
        """The folder that stands for CheckpointConfig's S3Uri.

        Raises:
            LookupError: where the job had no CheckpointConfig.
        """
        config = self.record.document.get("CheckpointConfig")
        if config is None:
            raise LookupError(f"{self.name} kept no checkpoints: run it with checkpoints=True")
        return self._local(config["S3Uri"])

    def describe(self, lines: int = SHOWN_LINES) -> str:
        """The job for a person who looks for what went wrong: its end, its command, its log."""
        return description(self.record, self.folder, self.command, lines)

    def __repr__(self) -> str:
        because = f": {shortened(self.reason)}" if self.status == "Failed" else ""
        return f"<JobResult {self.name}: {self.status}, exit code {self.exit_code}{because}>"

    @cached_property
    def _destination(self) -> Destination:
        output = self.record.document["OutputDataConfig"]
        return Destination(
            output["S3OutputPath"], self.name, output.get("CompressionType", "GZIP") == "GZIP"
        )

    def _artifact(self, what: str) -> Path:
        destination = self._destination
        return self._local(destination.model if what == "model" else destination.output)

    def _opened(self, what: str) -> Path:
        artifact = self._artifact(what)
        if not artifact.exists():
            raise FileNotFoundError(
                f"{self.name} saved no {what} ({self.status}): there is no {artifact}"
            )
        if artifact.is_dir():
            return artifact
        folder = self.folder.path / "opened" / what
        if not folder.exists():
            folder.parent.mkdir(exist_ok=True)
            with TemporaryDirectory(dir=folder.parent) as unpacked:
                with tarfile.open(artifact) as tar:
                    tar.extractall(Path(unpacked, what), filter="data")
                Path(unpacked, what).rename(folder)
        return folder

    def _local(self, uri: str) -> Path:
        """Where a URI of the request is on this machine. Raises LookupError where it is not."""
        place, root = parse(uri), self.record.options.s3_root
        if place.scheme is Scheme.FILE:
            return Path("/", place.key)
        if root is None:
            raise LookupError(f"{uri} is not on this machine: fetch it from S3")
        return Path(root, place.bucket, place.key)
