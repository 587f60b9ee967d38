"""A run's own folder below the home: ``<home>/chaos/<id>``, where its jobs leave what they make.

What is to stay lies in ``<home>/chaos/kept-<id>``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sm_container.harness.job.record import JobRecord
from sm_container.harness.store.folder import DamagedJobError, JobFolder
from sm_container.harness.store.home import Home
from sm_container.testing.own_folder import KEPT, left_over_folders, new_folder


@dataclass(frozen=True)
class Scratch:
    """The folder of one run at ``path``."""

    home: Home
    path: Path

    @property
    def output(self) -> str:
        """S3OutputPath of the run's jobs: their artifacts stay on this machine."""
        return str(self.path / "output")

    def checkpoints(self, place: str | None) -> str:
        """The URI below which each trial has a prefix of its own: in the place that the user has
        named, else in this folder."""
        if place is None:
            return str(self.path / "checkpoints")
        return f"{place.rstrip('/')}/{self._name_elsewhere}"

    def checkpoints_of(self, record: JobRecord) -> str | None:
        """The same URI, as one of the run's jobs tells it; None where it is another job's."""
        uri = record.document.get("CheckpointConfig", {}).get("S3Uri", "")
        above, _, _ = uri.rpartition("/")
        is_own = above == self.checkpoints(None) or above.endswith(f"/{self._name_elsewhere}")
        return above if is_own else None

    def jobs(self) -> list[tuple[JobFolder, JobRecord]]:
        """The run's jobs that there are: those of others may have a name that was wanted."""
        found = []
        for path in sorted(self.home.jobs.glob("[!.]*-chaos-*")):
            folder = JobFolder(path)
            try:
                record = folder.read()
            except DamagedJobError:
                continue  # nobody can say whose it is
            if record.document["OutputDataConfig"]["S3OutputPath"] == self.output:
                found.append((folder, record))
        return found

    @property
    def _name_elsewhere(self) -> str:
        return f"chaos-{self.path.name.removeprefix(KEPT)}"


@contextmanager
def new_scratch(home: Home, *, kept: bool) -> Iterator[Scratch]:
    """A folder for a run, which lives as long as the block."""
    with new_folder(_above(home), kept=kept) as path:
        try:
            yield Scratch(home, path)
        finally:
            if path.is_dir() and not os.listdir(path):
                path.rmdir()


def left_over(home: Home) -> Iterator[Scratch]:
    """The folders of killed runs. Each is the caller's alone until the next is asked for."""
    for path in left_over_folders(_above(home)):
        yield Scratch(home, path)


def _above(home: Home) -> Path:
    return home.path / "chaos"
