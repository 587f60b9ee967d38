"""Jobs that tests run: an algorithm in this process, and the same as a program of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sm_container.harness.request.errors import RequestError
from sm_container.testing.jobs.moments import MissedMomentError
from sm_container.testing.jobs.training_job import TrainingJob
from tests.testing.jobs.curve import algorithm

Make = Callable[..., TrainingJob]
PROGRAM = Path(__file__).with_name("curve.py")
X = np.arange(20.0).reshape(-1, 1)
DATA = (X, X[:, 0] ** 2)

targets = pytest.mark.parametrize("target", [algorithm, PROGRAM], ids=["here", "program"])


@targets
@pytest.mark.parametrize("mode", ["File", "Pipe", "FastFile"])
def test_every_input_mode(training_job: Make, target: object, mode: str) -> None:
    result = training_job(
        target,
        channels={"train": DATA},
        input_mode=mode,
        metrics={"rmse": r"train:rmse=(\S+)"},
    ).run()

    assert result.status == "Completed", result.describe()
    np.testing.assert_allclose(np.load(result.model / "curve.npy"), [0, 0, 1], atol=1e-9)
    assert result.metrics["rmse"] == [pytest.approx(0, abs=1e-9)]


@targets
def test_an_interruption_at_a_line_of_the_log(training_job: Make, target: object) -> None:
    job = training_job(target, channels={"train": DATA}, hyperparameters={"epochs": 6})

    result = job.interrupt_after("epoch 1").interrupt_after("epoch 3").run()

    assert result.status == "Completed", result.describe()
    assert result.starts == 3
    assert [line for line in result.log.splitlines() if line.startswith("epoch")] == [
        f"epoch {number} of 6" for number in range(6)
    ]


def test_a_kill_is_of_a_process_of_its_own(training_job: Make) -> None:
    job = training_job(algorithm, channels={"train": DATA}, hyperparameters={"epochs": 3})

    result = job.kill_after("epoch 0").run()

    assert result.status == "Completed", result.describe()
    assert result.starts == 2


@targets
def test_a_stop(training_job: Make, target: object) -> None:
    job = training_job(target, channels={"train": DATA}, hyperparameters={"epochs": 100})

    result = job.stop_after("epoch 1 ").run()

    assert (result.status, result.exit_code) == ("Stopped", 0), result.describe()


@targets
def test_a_failure_has_its_reason(training_job: Make, target: object) -> None:
    result = training_job(target, channels={"train": DATA}, hyperparameters={"fail": True}).run()

    assert (result.status, result.exit_code) == ("Failed", 1)
    assert result.failure is not None
    assert result.failure.startswith("ValueError: the data is too small")
    assert result.failure_reason is not None
    assert "the data is too small" in result.describe()


def test_a_moment_that_never_comes(training_job: Make) -> None:
    job = training_job(algorithm, channels={"train": DATA})

    with pytest.raises(MissedMomentError, match="ended before its interruption at 'epoch 9'"):
        job.interrupt_after("epoch 9").run()


def test_a_request_that_the_algorithm_refuses(training_job: Make) -> None:
    with pytest.raises(RequestError, match="Required input channel: train"):
        training_job(algorithm).run()


def test_this_process_is_as_before(training_job: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    import os
    import signal
    import sys

    monkeypatch.setenv("SM_CHANNELS", "as before")
    before = ({**os.environ}, signal.getsignal(signal.SIGTERM), sys.stdout, os.fstat(1))

    training_job(algorithm, channels={"train": DATA}).run()

    assert ({**os.environ}, signal.getsignal(signal.SIGTERM), sys.stdout, os.fstat(1)) == before
