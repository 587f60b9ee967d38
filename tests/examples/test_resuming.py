"""The example interrupted, with a warning and without one: the same model as undisturbed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sm_container.testing import Data, JobResult, TrainingJob
from tests.examples.conftest import EXAMPLE

# Rounds enough that training goes on when its instances are taken away.
GIVEN = {"num_round": 600, "max_depth": 2, "margin_column": 0, "checkpoint_every": 50}
METRICS = {"rmse": r"train:rmse=(\S+)"}


def hash_of(result: JobResult) -> str:
    assert result.status == "Completed"
    return hashlib.sha256((result.model / "model.json").read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def asked(flights: Path) -> dict[str, Any]:
    channels = {"train": Data(flights / "train", content_type="text/csv")}
    return {"channels": channels, "hyperparameters": GIVEN, "metrics": METRICS}


@pytest.fixture(scope="module")
def undisturbed(training_job_factory: Callable[..., TrainingJob], asked: dict[str, Any]) -> str:
    """The model of a job that nothing interrupts."""
    return hash_of(training_job_factory(EXAMPLE, **asked).run())


@pytest.mark.parametrize("engine", ["process", pytest.param("podman", marks=pytest.mark.container)])
def test_interruptions_leave_no_trace_in_the_model(
    engine: str,
    training_job: Callable[..., TrainingJob],
    asked: dict[str, Any],
    undisturbed: str,
    request: pytest.FixtureRequest,
) -> None:
    target = EXAMPLE if engine == "process" else request.getfixturevalue("image")
    job = training_job(target, **asked, engine="auto" if engine == "process" else engine)

    result = job.interrupt_after(r"step=150\b").kill_after(r"step=350\b").run()

    assert [each.interruption.warned for each in result.record.attempts[:2]] == [True, False]  # type: ignore[union-attr]
    assert sum(each.restored for each in result.record.checkpoints) > 0
    assert hash_of(result) == undisturbed
