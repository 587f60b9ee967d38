"""Where everything of the harness lives on this machine: SM_CONTAINER_HOME."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Home:
    """The harness's folder: ``jobs/``, ``cache/`` and an identity that labels what it starts."""

    path: Path

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Home:
        """SM_CONTAINER_HOME, else ``~/.sm-container``; made where it is missing."""
        named = environ.get("SM_CONTAINER_HOME")
        path = Path(named).expanduser() if named else Path.home() / ".sm-container"
        home = cls(path.absolute())
        home.jobs.mkdir(parents=True, exist_ok=True)
        home.cache.mkdir(exist_ok=True)
        return home

    @property
    def jobs(self) -> Path:
        return self.path / "jobs"

    @property
    def cache(self) -> Path:
        return self.path / "cache"

    @property
    def index(self) -> Path:
        return self.cache / "jobs.sqlite"

    @property
    def identity(self) -> str:
        """A short name for this home, the same for ever: two homes never end each other's jobs."""
        file = self.path / "id"
        try:
            return file.read_text().strip()
        except FileNotFoundError:
            fresh = self.path / f".id-{uuid.uuid4().hex}"
            fresh.write_text(uuid.uuid4().hex[:12])
            try:
                os.link(fresh, file)  # the first of two processes wins
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
            return file.read_text().strip()
