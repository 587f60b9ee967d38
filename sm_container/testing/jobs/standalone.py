"""A job for who has none of the fixtures: in a temporary home."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from sm_container.harness.store.home import Home
from sm_container.testing.jobs.subject import Target
from sm_container.testing.jobs.training_job import TrainingJob


@contextmanager
def job_of(given: TrainingJob | Target, fields: dict[str, Any]) -> Iterator[TrainingJob]:
    """A job as it is, or one of a target in a temporary folder; with ``fields`` of TrainingJob.

    The temporary folder is deleted when the interpreter ends, since results are read from it. It
    stays where the block raises, to be looked at.
    """
    if isinstance(given, TrainingJob):
        yield replace(given, **fields)
        return
    folder = Path(mkdtemp(prefix="sm-container-"))
    home = Home.from_environment({"SM_CONTAINER_HOME": str(folder)})
    yield TrainingJob(home, folder / "scratch", given, **fields)
    atexit.register(shutil.rmtree, folder)
