"""Jobs whose model is the same however the data comes, and one whose is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import sm_container as sm
from sm_container.testing import Data, TrainingJob, assert_same_model_in_every_mode
from tests.testing.assertions.programs import READING
from tests.testing.jobs.curve import algorithm

Make = Callable[..., TrainingJob]
X = np.arange(20.0).reshape(-1, 1)
DATA = (X, X[:, 0] ** 2)
CSV = "text/csv"
PROTOBUF = "application/x-recordio-protobuf"


@pytest.fixture
def reading(tmp_path: Path) -> Path:
    program = tmp_path / "train.py"
    program.write_text(READING)
    return program


def test_every_mode_and_content_type_that_is_declared(training_job: Make) -> None:
    job = training_job(algorithm, channels={"train": Data(DATA, mode="Pipe")})

    results = assert_same_model_in_every_mode(job)
    others = assert_same_model_in_every_mode(job, modes=["Pipe"], content_types=[CSV, PROTOBUF])

    assert [str(way) for way in results] == ["File", "Pipe", "FastFile"]
    assert [str(way) for way in others] == [f"Pipe as {CSV}", f"Pipe as {PROTOBUF}"]
    assert len({result.name for result in (*results.values(), *others.values())}) == 5


def test_an_algorithm_without_the_fixtures() -> None:
    results = assert_same_model_in_every_mode(
        algorithm, channels={"train": DATA}, modes=["File", "FastFile"]
    )

    assert [str(way) for way in results] == ["File", "FastFile"]


def test_a_program_that_makes_a_difference(training_job: Make, reading: Path) -> None:
    job = training_job(reading, channels={"train": DATA}, environment={"DEFECT": "1"})

    with pytest.raises(AssertionError) as raised:
        assert_same_model_in_every_mode(job, modes=["File", "Pipe"])

    message = str(raised.value)
    assert message.startswith("in Pipe and in File the models are not the same: model differs: se")
    assert message.count("/opened/model") == 2


def test_it_may_agree_by_a_metric(training_job: Make, reading: Path) -> None:
    job = training_job(
        reading,
        channels={"train": DATA},
        environment={"DEFECT": "1"},
        metrics={"size": r"size: (\d+)"},
    )

    with pytest.raises(AssertionError, match=r"size is \d+, not \d+"):
        assert_same_model_in_every_mode(job, modes=["File", "Pipe"], agree_on="size")
    assert_same_model_in_every_mode(job, modes=["File", "Pipe"], agree_on="size", tolerance=0.1)


def test_a_job_that_fails_in_one_of_them(training_job: Make, tmp_path: Path) -> None:
    program = tmp_path / "train.py"
    program.write_text("open('/opt/ml/input/data/train-manifest')\nopen('/opt/ml/model/a', 'w')\n")
    job = training_job(program, channels={"train": DATA})

    with pytest.raises(AssertionError, match="in Pipe the job did not complete: AlgorithmError"):
        assert_same_model_in_every_mode(job, modes=["File", "Pipe"])


def test_the_modes_of_a_program_that_declares_none_are_a_guess(
    training_job: Make, tmp_path: Path
) -> None:
    program = tmp_path / "train.py"
    program.write_text("raise ValueError('no')\n")
    job = training_job(program, channels={"train": DATA})

    with pytest.raises(AssertionError, match="no channel is declared, so every mode was tried"):
        assert_same_model_in_every_mode(job)


def test_there_are_not_two_ways(training_job: Make, tmp_path: Path) -> None:
    single = sm.Algorithm("single", channels=[sm.Channel("train", content_types=["text/csv"])])
    single.train(lambda job: None)

    with pytest.raises(ValueError, match="File is the only one; give modes= with two"):
        assert_same_model_in_every_mode(training_job(single, channels={"train": DATA}))
    with pytest.raises(ValueError, match="no channel of this job can come as text/plain"):
        assert_same_model_in_every_mode(
            training_job(single, channels={"train": DATA}), content_types=["text/plain"]
        )
    with pytest.raises(ValueError, match="no channel of this job can come as text/csv"):
        assert_same_model_in_every_mode(
            training_job(single, channels={"train": tmp_path}), content_types=["text/csv"]
        )
