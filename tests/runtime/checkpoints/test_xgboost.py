"""XGBoost: boosting that was interrupted ends with the model of boosting in one go."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost as xgb

from sm_container.runtime.checkpoints.errors import CheckpointError
from sm_container.runtime.checkpoints.xgboost import XGBoostResume
from tests.runtime.checkpoints.saving import opened, steps, text

ROUNDS = 23
PLAIN = {"max_depth": 3, "eta": 0.3, "seed": 5, "eval_metric": ["mae", "rmse"], "nthread": 1}
SAMPLED = {"subsample": 0.5, "colsample_bytree": 0.7, "colsample_bynode": 0.7}
PARAMETERS = {
    "plain": {},
    "sampled": SAMPLED,
    "approx": {**SAMPLED, "tree_method": "approx"},
    "exact": {**SAMPLED, "tree_method": "exact", "colsample_bynode": 1},
    "forest": {**SAMPLED, "num_parallel_tree": 2},
    "dart": {**SAMPLED, "booster": "dart", "rate_drop": 0.3},
    "absolute": {**SAMPLED, "objective": "reg:absoluteerror"},
}


class Interrupted(Exception):
    """As a kill: nothing is done any more."""


class Interrupts(xgb.callback.TrainingCallback):
    """Ends training in the middle; knows the rounds that it was told of."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at
        self.rounds: list[int] = []

    def before_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        if epoch == self.at:
            raise Interrupted
        return False

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        self.rounds.append(epoch)
        return False


@pytest.fixture(scope="module")
def data() -> tuple[xgb.DMatrix, xgb.DMatrix]:
    random = np.random.default_rng(1)
    features = random.random((600, 8), np.float32)
    label = features[:, 0] * 3 + features[:, 1] ** 2 + random.normal(0, 0.3, 600)
    return xgb.DMatrix(features[:400], label[:400]), xgb.DMatrix(features[400:], label[400:])


class Run:
    """Boosting in ``folder``, which goes on from what is there."""

    def __init__(
        self, folder: Path, data: Any, at: int = -1, stopping: int = 0, **parameters: Any
    ) -> None:
        self.told = Interrupts(at)
        callbacks: list[Any] = [self.told]
        if stopping:
            callbacks.append(xgb.callback.EarlyStopping(rounds=stopping, min_delta=0.01))
        self.resume = XGBoostResume(opened(folder), every=5, callbacks=callbacks)
        self.first = self.resume.rounds_done
        self.result: dict[str, Any] = {}
        self.booster: Any = None
        train, validation = data
        with suppress(Interrupted):
            self.booster = xgb.train(
                {**PLAIN, **parameters},
                train,
                num_boost_round=self.resume.rounds_left(ROUNDS),
                xgb_model=self.resume.booster,
                evals=[(train, "train"), (validation, "validation")],
                callbacks=self.resume.callbacks,
                evals_result=self.result,
                verbose_eval=False,
            )


def model_of(run: Run) -> bytes:
    return bytes(run.booster.save_raw("ubj"))


@pytest.mark.parametrize("parameters", PARAMETERS.values(), ids=PARAMETERS)
def test_the_model_does_not_depend_on_interruptions(
    hostile_tmp_path: Path, data: Any, parameters: dict[str, Any]
) -> None:
    whole = Run(hostile_tmp_path / "whole", data, **parameters)
    folder = hostile_tmp_path / "interrupted"
    for at, first in ((3, 0), (7, 0), (8, 5), (18, 5), (-1, 15)):
        run = Run(folder, data, at=at, **parameters)
        assert run.first == first
    assert model_of(run) == model_of(whole)
    assert run.resume.history == whole.resume.history == whole.result == run.result
    assert run.told.rounds == list(range(15, ROUNDS))
    assert len(whole.resume.history["validation"]["rmse"]) == ROUNDS


def test_without_sampling_it_is_the_model_of_plain_training(
    hostile_tmp_path: Path, data: Any
) -> None:
    assert model_of(Run(hostile_tmp_path, data)) == bytes(
        xgb.train(PLAIN, data[0], ROUNDS).save_raw("ubj")
    )


def test_each_round_draws_anew(hostile_tmp_path: Path, data: Any) -> None:
    """Were every round to begin with the same seed, all would see the same rows."""
    parameters = {"subsample": 0.5, "eta": 0.0001}
    trees = Run(hostile_tmp_path, data, **parameters).booster.get_dump()
    assert len(set(trees)) == ROUNDS


def test_early_stopping_goes_on(hostile_tmp_path: Path, data: Any) -> None:
    whole = Run(hostile_tmp_path / "whole", data, stopping=4, eta=0.4)
    rounds = whole.booster.num_boosted_rounds()
    assert 5 < rounds < ROUNDS, "it is to stop early, and after a checkpoint"
    folder = hostile_tmp_path / "interrupted"
    Run(folder, data, at=rounds - 1, stopping=4, eta=0.4)
    run = Run(folder, data, stopping=4, eta=0.4)
    assert 0 < run.first < rounds
    assert model_of(run) == model_of(whole)
    assert run.booster.best_iteration == whole.booster.best_iteration
    assert run.booster.best_score == whole.booster.best_score
    assert run.resume.history == whole.resume.history

    again = Run(folder, data, stopping=4, eta=0.4)  # it stopped, and was killed before it said so
    assert (again.told.rounds, model_of(again)) == ([], model_of(whole))


def test_a_finished_one_is_only_loaded(hostile_tmp_path: Path, data: Any) -> None:
    whole = Run(hostile_tmp_path, data)
    again = Run(hostile_tmp_path, data)
    assert again.resume.rounds_left(ROUNDS) == 0
    assert model_of(again) == model_of(whole)
    assert again.resume.history == whole.resume.history
    assert again.told.rounds == []


def test_the_figures_are_the_checkpoints_metrics(hostile_tmp_path: Path, data: Any) -> None:
    whole = Run(hostile_tmp_path, data)
    checkpoints = opened(hostile_tmp_path)
    assert steps(checkpoints) == [14, 19, 22]
    assert [each.metrics["validation:rmse"] for each in checkpoints.all()] == [
        whole.resume.history["validation"]["rmse"][step] for step in (14, 19, 22)
    ]


def test_a_stop_saves_the_round(hostile_tmp_path: Path, data: Any) -> None:
    asked = iter([False] * 7 + [True])
    resume = XGBoostResume(opened(hostile_tmp_path), every=5, stop_when=lambda: next(asked))
    booster = xgb.train(PLAIN, data[0], resume.rounds_left(ROUNDS), callbacks=resume.callbacks)
    assert booster.num_boosted_rounds() == 8
    assert steps(opened(hostile_tmp_path)) == [4, 7]


def test_a_checkpoint_of_something_else_is_refused(hostile_tmp_path: Path) -> None:
    opened(hostile_tmp_path).save(1, text("x"))
    with pytest.raises(CheckpointError, match=r"has no booster.ubj; remove the checkpoints"):
        XGBoostResume(opened(hostile_tmp_path), every=5)


def test_every_is_a_number_of_rounds(hostile_tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="every is 1 or more rounds, not 0"):
        XGBoostResume(opened(hostile_tmp_path), every=0)


def test_without_xgboost_it_says_so(hostile_tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; sys.modules['xgboost'] = None\n"
        "import sm_container as sm; from tests.runtime.checkpoints.saving import opened\n"
        "try: sm.XGBoostResume(opened(Path(sys.argv[1])), every=1)\n"
        "except sm.CheckpointError as error: print(error.what, error.what_to_do)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, hostile_tmp_path],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "XGBoostResume needs xgboost pip install xgboost\n"
