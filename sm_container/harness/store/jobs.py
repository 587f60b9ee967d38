"""Making, finding, listing and removing jobs."""

from __future__ import annotations

import os
import re
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from sm_container.harness.job.record import JobRecord
from sm_container.harness.store import index
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.home import Home
from sm_container.harness.store.ownership import Ownership, is_owned

_JOB_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


class UnknownJobError(Exception):
    """There is no job of that name."""


class JobExistsError(Exception):
    """A job of that name exists; ``sentence`` says so in the service's words. Source:
    CreateTrainingJob, ResourceInUse."""

    def __init__(self, name: str, arn: str) -> None:
        super().__init__(name, arn)
        self.name = name
        self.sentence = (
            "Training job names must be unique within an AWS account and region, and a "
            f"training job with this name already exists ({arn})"
        )

    def __str__(self) -> str:
        return (
            f"{self.sentence}; choose another --name or remove the job: sm-container rm {self.name}"
        )


@dataclass(frozen=True)
class JobStore:
    """The jobs of one home."""

    home: Home

    def create(self, record: JobRecord) -> tuple[JobFolder, Ownership]:
        """Make a job's folder with its first record, in one step, owned from its first moment.

        Raises:
            JobExistsError: in the service's words, where the name is taken.
        """
        folder = JobFolder(self.home.jobs / record.name)
        fresh = JobFolder(self.home.jobs / f".creating-{uuid.uuid4().hex}")
        fresh.path.mkdir()
        ownership = Ownership.take(fresh)
        try:
            fresh.write(record)
            # Renaming a folder onto one that is not empty fails: of two makers one wins.
            os.rename(fresh.path, folder.path)
        except OSError as fault:
            ownership.release()
            shutil.rmtree(fresh.path)
            if folder.path.exists():
                raise JobExistsError(record.name, record.arn) from None
            raise fault
        return folder, ownership

    def find(self, name: str) -> JobFolder:
        """The folder of a job.

        Raises:
            UnknownJobError: where there is none, or the name cannot be one.
        """
        folder = JobFolder(self.home.jobs / name)
        if not _JOB_NAME.fullmatch(name) or not folder.path.is_dir():
            raise UnknownJobError(f"there is no job {name!r}; sm-container ps --all lists the jobs")
        return folder

    def summaries(self) -> list[index.Summary]:
        """Every job, the newest first."""
        return index.summaries(self.home.jobs, self.home.index)

    def remove(self, folder: JobFolder) -> None:
        """Delete a job's folder; it is gone from the list at once, however long deleting takes."""
        doomed = self.home.jobs / f".removing-{uuid.uuid4().hex}"
        os.rename(folder.path, doomed)
        shutil.rmtree(doomed)

    def leftovers(self) -> list[Path]:
        """Folders that a killed ``create`` or ``remove`` left; any process may delete them."""
        half_made = self.home.jobs.glob(".creating-*")
        return [
            *(entry for entry in half_made if not is_owned(JobFolder(entry))),
            *self.home.jobs.glob(".removing-*"),
        ]
