"""Jobs that resume and jobs that do not, and what is said of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sm_container.testing import TrainingJob, assert_resumes
from tests.testing.assertions.programs import COUNTING
from tests.testing.jobs.curve import algorithm

Make = Callable[..., TrainingJob]
X = np.arange(20.0).reshape(-1, 1)
DATA = (X, X[:, 0] ** 2)
ERROR = {"error": r"error: (\S+)"}
STATE = '{"step": 6, "starts": 0}'


@pytest.fixture
def counting(hostile_tmp_path: Path) -> Path:
    program = hostile_tmp_path / "it's counting.py"
    program.write_text(COUNTING)
    return program


def test_this_librarys_checkpoints(training_job: Make) -> None:
    job = training_job(algorithm, channels={"train": DATA}, hyperparameters={"epochs": 3})

    resumed = assert_resumes(job, at="epoch 0")

    assert (resumed.how, resumed.step) == ("resumed from step 0", 0)
    assert resumed.interrupted.starts == 2
    assert resumed.undisturbed.starts == 1
    assert "sm-checkpoint-000000000000/coef.npy" in resumed.restored


def test_an_algorithm_without_the_fixtures() -> None:
    resumed = assert_resumes(
        algorithm, at="epoch 0", channels={"train": DATA}, hyperparameters={"epochs": 3}
    )

    assert resumed.undisturbed.model_files() == ["curve.npy"]


def test_a_kill_and_the_checkpoints_of_a_folder(
    training_job: Make, counting: Path, tmp_path: Path
) -> None:
    """What arrives while it trains takes longer than this job: what was there is read again."""
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "state.json").write_text(STATE)
    job = training_job(counting, environment={"STEPS": "8"}, checkpoints=kept)

    resumed = assert_resumes(job, at="step 7", kill=True)

    assert (resumed.how, resumed.step) == ("resumed from 1 file", None)
    assert "step 6\n" not in resumed.undisturbed.log
    assert (kept / "state.json").read_text() == STATE


@pytest.mark.parametrize(
    ("defect", "said"),
    [
        ("forgetful", "it has begun again: nothing that was restored was read"),
        (
            "careless",
            "it has begun again from nothing\nit was given nothing\nnothing was in /opt/ml",
        ),
        (
            "careless, killed",
            "it has begun again from nothing\nit was given nothing\nwithout a warn",
        ),
        ("crashing", "after its interruption the job did not complete: AlgorithmError: "),
        (
            "unsteady",
            "resumed from 1 file, but compared with the undisturbed run: model differs: model.json",
        ),
    ],
    ids=["forgetful", "careless", "careless, killed", "crashing", "unsteady"],
)
def test_a_defect_is_found(training_job: Make, counting: Path, defect: str, said: str) -> None:
    job = training_job(counting, environment={"DEFECT": defect.partition(",")[0]})

    with pytest.raises(AssertionError) as raised:
        assert_resumes(job, at="step 2", kill=defect.endswith("killed"))

    message = str(raised.value)
    assert said in message
    assert ("S3 has what had arrived by then" in message) == defect.endswith("killed")
    assert re.search(r"its log: .*algo-1\.log|: .*/opened/model$", message)


@pytest.mark.parametrize("tolerance", [0.1, None])
def test_models_that_differ_may_agree_by_their_metrics(
    training_job: Make, counting: Path, tolerance: float | None
) -> None:
    job = training_job(counting, environment={"DEFECT": "unsteady"}, metrics=ERROR)

    if tolerance is None:
        with pytest.raises(AssertionError, match=r"error is 0\.335333, not 0\.334333"):
            assert_resumes(job, at="step 2", agree_on="error")
    else:
        assert_resumes(job, at="step 2", agree_on="error", tolerance=tolerance)


def test_a_job_that_does_not_complete_by_itself(training_job: Make, tmp_path: Path) -> None:
    program = tmp_path / "train.py"
    program.write_text("raise SystemExit('no data')\n")

    with pytest.raises(AssertionError, match=r"(?s)^undisturbed the job did not .*no data"):
        assert_resumes(training_job(program), at=0)


def test_a_job_that_something_else_befalls(training_job: Make, counting: Path) -> None:
    with pytest.raises(ValueError, match="stop after 1 s is to"):
        assert_resumes(training_job(counting).stop_after(1), at=2)
