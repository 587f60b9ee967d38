"""Gradient-boosted trees for regression: a whole algorithm, as an author writes it.

The channels hold csv files of numbers, without a header, the label in the first column.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import xgboost as xgb

import sm_container as sm


@dataclass(frozen=True)
class Hyperparameters:
    """What a job may set. The names and their meaning are XGBoost's where it has them."""

    num_round: Annotated[int, sm.Range(1, 10_000), "trees to grow"] = 100
    max_depth: Annotated[int, sm.Range(1, 20), sm.Tunable()] = 6
    eta: Annotated[float, sm.Range(0, 1), sm.Tunable(scale="Logarithmic")] = 0.3
    subsample: Annotated[float, sm.Range(0.1, 1), sm.Tunable(), "share of rows a tree sees"] = 1.0
    objective: Annotated[str, sm.OneOf("reg:squarederror", "reg:absoluteerror")] = (
        "reg:squarederror"
    )
    seed: Annotated[int, sm.Range(0, 2**31 - 1)] = 0
    margin_column: Annotated[
        int | None, sm.Range(0, 10_000), "feature to start from; the trees learn what it misses"
    ] = None


CSV = ["text/csv"]
algorithm = sm.Algorithm(
    "xgboost-algo",
    description="Gradient-boosted trees for regression on csv files.",
    hyperparameters=Hyperparameters,
    channels=[
        sm.Channel("train", content_types=CSV, description="rows to learn from"),
        sm.Channel("validation", content_types=CSV, required=False, description="rows to judge by"),
    ],
    metrics=[
        sm.Metric("train:rmse", goal="Minimize"),
        sm.Metric("validation:rmse", goal="Minimize"),
    ],
)


@algorithm.train
def train(job: sm.Job[Hyperparameters]) -> None:
    """Grow the trees, log each round, save the model and what it is worth."""
    hp = job.hyperparameters
    data = {name: read(channel.files(), hp.margin_column) for name, channel in job.channels.items()}
    parameters = {
        "objective": hp.objective,
        "eval_metric": "rmse",
        "max_depth": hp.max_depth,
        "eta": hp.eta,
        "subsample": hp.subsample,
        "seed": hp.seed,
    }
    history: dict[str, dict[str, list[float]]] = {}
    booster = xgb.train(
        parameters,
        data["train"],
        num_boost_round=hp.num_round,
        evals=[(matrix, name) for name, matrix in data.items()],
        evals_result=history,
        verbose_eval=False,
        callbacks=[LogRounds(job)],
    )
    booster.set_attr(margin_column=hp.margin_column)  # whoever predicts needs it too
    job.save_model(lambda folder: booster.save_model(folder / "model.json"))
    evaluation = {
        "rounds": booster.num_boosted_rounds(),
        "rows": {name: matrix.num_row() for name, matrix in data.items()},
        "rmse": {name: figures["rmse"][-1] for name, figures in history.items()},
        "gain": booster.get_score(importance_type="total_gain"),
    }
    (job.output_data / "evaluation.json").write_text(json.dumps(evaluation, indent=2) + "\n")


class LogRounds(xgb.callback.TrainingCallback):
    """Reports the figures of every round as the job's metrics."""

    def __init__(self, job: sm.Job[Hyperparameters]) -> None:
        self.job = job

    def after_iteration(self, model: xgb.Booster, epoch: int, evals_log: Any) -> bool:
        rmse = {f"{name}:rmse": figures["rmse"][-1] for name, figures in evals_log.items()}
        self.job.metrics.log(rmse, step=epoch)
        return False


def read(files: Sequence[Path], margin_column: int | None) -> xgb.DMatrix:
    """The rows of a channel's files."""
    table = np.concatenate([rows_of(file) for file in files])
    label, features = table[:, 0], table[:, 1:]
    if margin_column is None:
        return xgb.DMatrix(features, label)
    if margin_column >= features.shape[1]:
        raise ValueError(
            f"margin_column = {margin_column}, but {files[0].parent} has the feature columns"
            f" 0 to {features.shape[1] - 1}"
        )
    return xgb.DMatrix(features, label, base_margin=features[:, margin_column])


def rows_of(file: Path) -> np.ndarray:
    """The numbers of one csv file; the error says which file and row is not as it should be."""
    try:
        return np.loadtxt(file, delimiter=",", dtype=np.float32, ndmin=2)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from error


if __name__ == "__main__":
    algorithm.main()
