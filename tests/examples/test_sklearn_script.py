"""The scikit-learn example: a script, trained and stopped as its users would."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import pytest
import yaml

from sm_container.testing import TrainingJob, assert_metric
from tests.examples.loading import EXAMPLES, module_of

FOLDER = EXAMPLES / "sklearn_script"
REQUEST = yaml.safe_load((FOLDER / "request.yaml").read_text())
METRICS = {
    each["Name"]: each["Regex"] for each in REQUEST["AlgorithmSpecification"]["MetricDefinitions"]
}

Make = Callable[..., TrainingJob]


@pytest.fixture(scope="module")
def channels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("cancer")
    module_of("sklearn_script", "prepare_data").prepare(folder)
    return {name: folder / name for name in ("train", "validation")}


@pytest.mark.parametrize("mode", ["File", "FastFile"])
def test_it_classifies(training_job: Make, channels: dict[str, Path], mode: str) -> None:
    job = training_job(
        FOLDER,
        channels=channels,
        metrics=METRICS,
        input_mode=mode,
        hyperparameters={"trees": 40, "_tuning_objective_metric": "validation:loss"},
    )

    result = job.run()

    assert result.status == "Completed"
    assert "ignored: --_tuning_objective_metric" in result.log or "ignored" not in result.log
    assert_metric(result, "validation:accuracy", above=0.94)
    assert joblib.load(result.model / "model.joblib").n_iter_ == 40


def test_a_stop_keeps_the_trees_so_far(training_job: Make, channels: dict[str, Path]) -> None:
    job = training_job(FOLDER, channels=channels, hyperparameters={"trees": 5000, "step": 1})

    result = job.stop_after(r"validation-loss").run()

    assert (result.status, result.exit_code) == ("Stopped", 0)
    assert 0 < joblib.load(result.model / "model.joblib").n_iter_ < 5000


def test_a_channel_without_rows_is_said(training_job: Make) -> None:
    result = training_job(FOLDER, channels={"train": {"empty.csv": ""}}).run()

    assert (result.status, result.exit_code) == ("Failed", 1)
    assert result.failure is not None
    assert "has no rows" in result.failure
