"""my-algorithm as jobs run it: real channels, checkpoints and signals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import pytest
import yaml
from sm_container.testing import (
    TrainingJob,
    assert_metric,
    assert_resumes,
    assert_same_model_in_every_mode,
)

from train import algorithm

PROJECT = Path(__file__).parents[1]
SAMPLE = PROJECT / "s3" / "example-bucket"
CHANNELS = {"train": SAMPLE / "train", "validation": SAMPLE / "validation"}
SHORT = {"epochs": 3}
LONG = {"epochs": 200}  # so that there is a time to interrupt it

Make = Callable[..., TrainingJob]


def test_it_learns(training_job: Make) -> None:
    result = training_job(algorithm, channels=CHANNELS, hyperparameters=SHORT).run()

    assert result.status == "Completed"
    assert_metric(result, "validation:rmse", below=5)
    model = joblib.load(result.model / "model.joblib")
    assert model.predict(np.full((1, 5), 0.5)) == pytest.approx(14, abs=4)


def test_the_model_is_the_same_in_every_input_mode(training_job: Make) -> None:
    job = training_job(algorithm, channels=CHANNELS, hyperparameters=SHORT)

    assert_same_model_in_every_mode(job)


def test_interrupted_it_goes_on_to_the_same_model(training_job: Make) -> None:
    job = training_job(algorithm, channels=CHANNELS, hyperparameters=LONG)

    assert_resumes(job, at="train:rmse=.* step=2$", agree_on="validation:rmse")


def test_stopped_it_leaves_a_model(training_job: Make) -> None:
    job = training_job(algorithm, channels=CHANNELS, hyperparameters=LONG)

    result = job.stop_after("train:rmse=.* step=2$").run()

    assert (result.status, result.exit_code) == ("Stopped", 0)
    assert result.model_files() == ["model.joblib"]


def test_a_failure_says_where_the_data_is_wrong(training_job: Make) -> None:
    data = {"part-1.csv": "1,2,3,4,5,6\n1,2,3,?,5,6\n"}

    result = training_job(algorithm, channels={"train": data}).run()

    assert result.status == "Failed"
    assert result.failure_reason is not None
    assert "part-1.csv" in result.failure_reason


def test_the_request_has_the_metrics_of_the_algorithm() -> None:
    request = yaml.safe_load((PROJECT / "request.yaml").read_text())

    declared = [each.to_document() for each in algorithm.declaration.metric_definitions]
    assert request["AlgorithmSpecification"]["MetricDefinitions"] == declared
