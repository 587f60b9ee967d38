"""A job's folder: the one place that knows its files, and writes its record whole or not at all."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from sm_container.harness.job.record import JobRecord


class DamagedJobError(Exception):
    """A job's folder has no readable record."""


class JobLostError(Exception):
    """A job's folder was deleted while the job ran."""


@dataclass(frozen=True)
class JobFolder:
    """``<home>/jobs/<name>``."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def record(self) -> Path:
        return self.path / "job.json"

    @property
    def lock(self) -> Path:
        return self.path / "owner.lock"

    @property
    def stop_request(self) -> Path:
        """Its presence asks the job's owner to stop the job."""
        return self.path / "stop-requested"

    @property
    def interrupt_request(self) -> Path:
        """Its presence asks the job's owner to take its spot instances away now: without any
        warning where it is not empty."""
        return self.path / "interrupt-requested"

    @property
    def owner_log(self) -> Path:
        """What a detached owner says about itself."""
        return self.path / "owner.log"

    @property
    def artifacts(self) -> Path:
        """Archives on their way to an object store."""
        return self.path / "artifacts"

    @property
    def report(self) -> Path:
        """The job as a page, where nobody has named another place for it."""
        return self.path / "report.html"

    def host(self, host: str) -> Path:
        return self.path / "hosts" / host

    def tree(self, host: str) -> Path:
        """The folder that a host sees as /opt/ml."""
        return self.host(host) / "ml"

    def checkpoints(self, host: str) -> Path:
        """The folder that a host sees at CheckpointConfig's LocalPath, where that is not below
        /opt/ml."""
        return self.host(host) / "checkpoints"

    def feed(self, host: str) -> Path:
        """What a host's feeder is told."""
        return self.host(host) / "feed.json"

    def feed_log(self, host: str) -> Path:
        """What a host's feeder says about itself."""
        return self.host(host) / "feed.log"

    def log(self, host: str) -> Path:
        return self.path / "logs" / f"{host}.log"

    def hosts_with_logs(self) -> tuple[str, ...]:
        """The hosts that have written something."""
        return tuple(sorted(path.stem for path in self.log("*").parent.glob("*.log")))

    def metrics(self, host: str) -> Path:
        """The values that the metric definitions found in a host's log, as a series."""
        return self.path / "metrics" / f"{host}.jsonl"

    def hosts_with_metrics(self) -> tuple[str, ...]:
        """The hosts of which values were found."""
        return tuple(sorted(path.stem for path in self.metrics("*").parent.glob("*.jsonl")))

    def utilization(self, host: str) -> Path:
        """What a host's container used of its instance, as a series."""
        return self.path / "utilization" / f"{host}.jsonl"

    def read(self) -> JobRecord:
        """The record as last written.

        Raises:
            DamagedJobError: where there is none, or it cannot be understood.
        """
        try:
            return JobRecord.from_document(json.loads(self.record.read_bytes()))
        except (OSError, ValueError, KeyError, TypeError) as fault:
            raise DamagedJobError(
                f"{self.path}: no readable job.json ({fault}); "
                f"remove it with: sm-container rm {self.name}"
            ) from fault

    def write(self, record: JobRecord) -> None:
        """Replace the record in one step: a reader sees the old one or the new one.

        Raises:
            JobLostError: where the folder is gone.
        """
        fresh = self.path / ".job.json"  # one name is enough: only the job's owner writes
        try:
            with open(fresh, "w", encoding="utf-8") as file:
                json.dump(record.to_document(), file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, self.record)
        except FileNotFoundError:
            raise self.lost() from None

    def require(self) -> None:
        """Raises :class:`JobLostError` where the folder is gone, or its record."""
        if not self.record.exists():
            raise self.lost()

    def lost(self) -> JobLostError:
        return JobLostError(
            f"{self.path} was deleted while job {self.name} ran, and with it all that the job had "
            "written; the job was ended (a job is deleted with: sm-container rm --force)"
        )
