"""The PyTorch example: images as a stream, resumed to the same model."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sm_container.testing import TrainingJob, assert_metric, assert_resumes
from tests.examples.loading import EXAMPLES, module_of

# CI has PyTorch, and there its absence is a failure.
torch = __import__("torch") if os.environ.get("CI") else pytest.importorskip("torch")

FOLDER = EXAMPLES / "torch_digits"
FEW = {"epochs": 3, "channels": 4}
ONE_THREAD = {"OMP_NUM_THREADS": "1"}  # else sums are of another order each time

Make = Callable[..., TrainingJob]


@pytest.fixture(scope="module")
def channels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("digits")
    module_of("torch_digits", "prepare_data").prepare(folder, every=4)
    return {name: folder / name for name in ("train", "validation")}


@pytest.fixture
def job(training_job: Make, channels: dict[str, Any]) -> TrainingJob:
    return training_job(
        FOLDER,
        channels=channels,
        input_mode="Pipe",
        hyperparameters=FEW,
        environment=ONE_THREAD,
        algorithm=module_of("torch_digits", "train").algorithm,
    )


@pytest.mark.parametrize("mode", ["Pipe", "FastFile"])
def test_it_learns(job: TrainingJob, mode: str) -> None:
    result = replace(job, input_mode=mode).run()

    assert result.status == "Completed"
    assert_metric(result, "train:loss", decreasing=True)
    assert set(torch.load(result.model / "model.pt", weights_only=True)) >= {"0.weight", "6.bias"}


def test_an_interruption_leaves_no_trace_in_the_model(job: TrainingJob) -> None:
    assert_resumes(job, at="validation:accuracy=.* step=1")


@pytest.mark.parametrize("name", ["train", "validation"])
def test_a_channel_without_images_is_named(
    job: TrainingJob, channels: dict[str, Any], name: str
) -> None:
    result = replace(job, channels={**channels, name: {"part-0.pbr": b""}}).run()

    assert result.status == "Failed"
    assert f"channel {name} has no images" in (result.failure or "")
