"""A run's own folder below the home: ``<home>/chaos/<id>``, where its jobs leave what they make.

It is locked for as long as the run lives: one that is not is what a killed run left. What is to
stay lies in ``<home>/chaos/kept-<id>``.
"""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sm_container.harness.job.record import JobRecord
from sm_container.harness.store.folder import DamagedJobError, JobFolder
from sm_container.harness.store.home import Home
from sm_container.harness.store.lock import lock, locked

_KEPT = "kept-"


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
        return f"chaos-{self.path.name.removeprefix(_KEPT)}"


@contextmanager
def new_scratch(home: Home, *, kept: bool) -> Iterator[Scratch]:
    """A folder for a run, which lives as long as the block."""
    above = _above(home)
    above.mkdir(exist_ok=True)
    path = above / f"{_KEPT if kept else ''}{uuid.uuid4().hex[:8]}"
    with locked(above):  # or another might find it without a lock
        path.mkdir()
        held = lock(path)
    try:
        yield Scratch(home, path)
    finally:
        if path.is_dir() and not os.listdir(path):
            path.rmdir()
        os.close(held)


def left_over(home: Home) -> Iterator[Scratch]:
    """The folders of killed runs. Each is the caller's alone until the next is asked for."""
    for path in sorted(_above(home).glob("*")):
        if path.name.startswith(_KEPT):
            continue
        try:
            with locked(_above(home)):
                held = lock(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, FileNotFoundError):
            continue  # its run lives, or another has come first
        try:
            yield Scratch(home, path)
        finally:
            os.close(held)


def _above(home: Home) -> Path:
    return home.path / "chaos"
