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
        algorithm, at=0.1, channels={"train": DATA}, hyperparameters={"epochs": 3}
    )

    assert resumed.undisturbed.model_files() == ["curve.npy"]


def test_a_kill_after_a_checkpoint_had_arrived(training_job: Make, counting: Path) -> None:
    job = training_job(counting, environment={"STEPS": "12"}, checkpoints={"state.json": STATE})

    resumed = assert_resumes(job, at="step 7", kill=True)

    assert resumed.how == "resumed from 1 file"
    assert resumed.step is None
    assert resumed.undisturbed.log.startswith(("sm-train", "step 7"))


STATE = '{"step": 6, "starts": 0}'


@pytest.mark.parametrize(
    ("defect", "said"),
    [
        ("forgetful", "it has begun again: nothing that was restored was read"),
        ("careless", "it has begun again from nothing\nit was given nothing"),
        ("crashing", "after its interruption the job did not complete: AlgorithmError: "),
        (
            "unsteady",
            "resumed from 1 file, but in comparison with the undisturbed run its model differs: "
            "model.json",
        ),
    ],
)
def test_a_defect_is_found(training_job: Make, counting: Path, defect: str, said: str) -> None:
    job = training_job(counting, environment={"DEFECT": defect})

    with pytest.raises(AssertionError) as raised:
        assert_resumes(job, at="step 2")

    message = str(raised.value)
    assert said in message
    assert re.search(r"its log: .*algo-1\.log|: .*/opened/model$", message)


def test_models_that_differ_may_agree_by_their_metrics(training_job: Make, counting: Path) -> None:
    job = training_job(counting, environment={"DEFECT": "unsteady"}, metrics=ERROR)

    assert_resumes(job, at="step 2", tolerance=0.1, agree_on="error")


def test_metrics_that_do_not_agree(training_job: Make, counting: Path) -> None:
    job = training_job(counting, environment={"DEFECT": "unsteady"}, metrics=ERROR)

    with pytest.raises(AssertionError, match=r"error is 0\.202, not 0\.201"):
        assert_resumes(job, at="step 2", agree_on="error")


def test_a_kill_before_anything_had_arrived(training_job: Make, counting: Path) -> None:
    with pytest.raises(AssertionError, match=r"S3 has what had arrived by then"):
        assert_resumes(training_job(counting), at="step 1", kill=True)


def test_a_job_that_does_not_complete_by_itself(training_job: Make, tmp_path: Path) -> None:
    program = tmp_path / "train.py"
    program.write_text("raise SystemExit('no data')\n")

    with pytest.raises(AssertionError, match=r"undisturbed the job did not complete: .*no data"):
        assert_resumes(training_job(program), at=0)


def test_a_job_that_something_else_befalls(training_job: Make, counting: Path) -> None:
    with pytest.raises(ValueError, match="stop after 1 s is to"):
        assert_resumes(training_job(counting).stop_after(1), at=2)


def test_checkpoints_of_a_folder_are_copied_for_each_run(
    training_job: Make, counting: Path, tmp_path: Path
) -> None:
    (tmp_path / "state.json").write_text(STATE)
    job = training_job(counting, environment={"STEPS": "9"}, checkpoints=tmp_path)

    resumed = assert_resumes(job, at="step 7")

    assert "step 6\n" not in resumed.undisturbed.log
    assert (tmp_path / "state.json").read_text() == STATE
