"""Jobs that tests run in real containers: engines by marker and by hand, memory that runs out."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from sm_container.testing import TrainingJob, assert_metric

Make = Callable[..., TrainingJob]

pytestmark = pytest.mark.container


@pytest.fixture(params=["podman", "docker"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both commands; docker's by podman's socket."""
    if request.param == "docker":
        monkeypatch.setenv("DOCKER_HOST", request.getfixturevalue("podman_socket"))
    return str(request.param)


def test_an_image(training_job: Make, algorithm_image: str, engine: str) -> None:
    result = training_job(
        algorithm_image,
        engine=engine,
        channels={"train": {"a.txt": "text"}},
        hyperparameters={"seconds": 0.1},
        metrics={"loss": "train-loss=([0-9.]+)"},
    ).run()

    assert result.status == "Completed"
    assert result.command[0].endswith(engine)
    assert result.model_files() == ["seen.json"]
    seen = json.loads((result.model / "seen.json").read_text())
    assert seen["files"] == ["train-manifest", "train/a.txt"]
    assert (result.output / "notes.txt").read_text() == "written by the algorithm\n"
    assert_metric(result, "loss", approx=0.25)


@pytest.mark.sm_container(engine="podman")
def test_an_image_out_of_memory(training_job: Make, algorithm_image: str) -> None:
    job = training_job(algorithm_image, hyperparameters={"megabytes": 400})

    result = job.out_of_memory_at(96 << 20).run()

    assert result.status == "Failed"
    assert result.reason.startswith("ClientError: Please use an instance type with more memory")
    assert "holds" not in result.log


@pytest.mark.sm_container(engine="podman")
def test_an_image_that_is_stopped_and_one_that_is_interrupted(
    training_job: Make, algorithm_image: str
) -> None:
    interrupted = training_job(algorithm_image, hyperparameters={"seconds": 2})
    slow = training_job(algorithm_image, hyperparameters={"seconds": 60})

    assert interrupted.interrupt_after("train-loss").run().starts == 2
    stopped = slow.stop_after("train-loss").run()

    assert stopped.status == "Stopped"
    assert stopped.model_files() == ["seen.json", "stopped"]
