"""The pytest plugin: fixtures for the tests of a training algorithm. pytest loads it by its entry
point; what the fixtures need is imported by the first test that asks for one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sm_container.harness.store.home import Home
    from sm_container.testing.jobs.subject import Target
    from sm_container.testing.jobs.training_job import TrainingJob


@pytest.fixture(scope="session")
def sm_container_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The home of the jobs that this session runs: a temporary folder, one for each worker."""
    from sm_container.harness.store.home import Home

    folder = tmp_path_factory.mktemp("sm-container-home", numbered=False)
    return Home.from_environment({"SM_CONTAINER_HOME": str(folder)})


@pytest.fixture
def training_job(sm_container_home: Home, tmp_path: Path) -> Callable[..., TrainingJob]:
    """``training_job(target, **fields)``: a TrainingJob of an algorithm, a program or an image."""
    from sm_container.testing.jobs.training_job import TrainingJob

    def make(target: Target, **fields: Any) -> TrainingJob:
        return TrainingJob(sm_container_home, tmp_path / "jobs", target, **fields)

    return make
