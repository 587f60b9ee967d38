"""my-algorithm as jobs run it: real channels, checkpoints and signals."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import xgboost as xgb
import yaml
from sm_container.testing import TrainingJob, assert_metric, assert_resumes

PROJECT = Path(__file__).parents[1]
SCRIPT = PROJECT / "train.py"
REQUEST = yaml.safe_load((PROJECT / "request.yaml").read_text())
DEFINITIONS = REQUEST["AlgorithmSpecification"]["MetricDefinitions"]
METRICS = {each["Name"]: each["Regex"] for each in DEFINITIONS}
SAMPLE = PROJECT / "s3" / "example-bucket"
CHANNELS = {"train": SAMPLE / "train", "validation": SAMPLE / "validation"}
SHORT = {"num_round": 10}
LONG = {"num_round": 1000, "checkpoint_every": 100}  # so that there is a time to interrupt it

Make = Callable[..., TrainingJob]


@pytest.fixture
def job(training_job: Make) -> Make:
    """Makes jobs of the script. The sample is small: threads would only wait for each other."""
    one_thread = {"OMP_NUM_THREADS": "1"}
    return partial(training_job, SCRIPT, metrics=METRICS, environment=one_thread)


@pytest.mark.parametrize("mode", ["File", "FastFile"])
def test_it_learns(job: Make, mode: str) -> None:
    result = job(channels=CHANNELS, hyperparameters=SHORT, input_mode=mode).run()

    assert result.status == "Completed"
    assert_metric(result, "validation:rmse", below=4)
    booster = xgb.Booster(model_file=result.model / "model.json")
    assert booster.predict(xgb.DMatrix(np.full((1, 5), 0.5))) == pytest.approx(14, abs=4)


def test_interrupted_it_goes_on_to_the_same_model(job: Make) -> None:
    long = job(channels=CHANNELS, hyperparameters=LONG)

    assert_resumes(long, at="round=5 ")


def test_stopped_it_leaves_a_model(job: Make) -> None:
    long = job(channels=CHANNELS, hyperparameters=LONG)

    result = long.stop_after("round=5 ").run()

    assert (result.status, result.exit_code) == ("Stopped", 0)
    assert result.model_files() == ["model.json"]


def test_a_failure_says_where_the_data_is_wrong(job: Make) -> None:
    data = {"part-1.csv": "1,2,3,4,5,6\n1,2,3,?,5,6\n"}

    result = job(channels={"train": data}).run()

    assert result.status == "Failed"
    assert result.failure_reason is not None
    assert "part-1.csv" in result.failure_reason
