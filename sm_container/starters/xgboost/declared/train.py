"""Gradient-boosted trees for regression, with XGBoost, on tables of numbers.

The trees are the same in every input mode and content type, and whatever interrupts the job.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import sm_container as sm
import xgboost as xgb
from numpy.typing import NDArray

BLOCK = 65_536  # rows that are decoded at a time
CONTENT_TYPES = ["text/csv", "application/x-parquet", "application/x-recordio-protobuf"]
MODES = ["File", "Pipe", "FastFile"]


@dataclass(frozen=True)
class Hyperparameters:
    """What a job may set. The names and their meaning are XGBoost's where it has them."""

    num_round: Annotated[int, sm.Range(1, 100_000), "trees to grow"] = 50
    max_depth: Annotated[int, sm.Range(1, 20), sm.Tunable()] = 4
    eta: Annotated[float, sm.Range(1e-3, 1), sm.Tunable(scale="Logarithmic")] = 0.2
    subsample: Annotated[float, sm.Range(0.1, 1), sm.Tunable(), "share of rows a tree sees"] = 1.0
    seed: Annotated[int, sm.Range(0, 2**31 - 1)] = 0
    checkpoint_every: Annotated[int, sm.Range(1, 10_000), "trees between two checkpoints"] = 10


algorithm = sm.Algorithm(
    "my-algorithm",
    description="Gradient-boosted trees for regression on tables of numbers.",
    hyperparameters=Hyperparameters,
    channels=[
        sm.Channel("train", CONTENT_TYPES, MODES, description="rows to learn from"),
        sm.Channel("validation", CONTENT_TYPES, MODES, required=False, description="to judge by"),
    ],
    metrics=[
        sm.Metric("train:rmse", goal="Minimize"),
        sm.Metric("validation:rmse", goal="Minimize"),
    ],
)


@algorithm.train
def train(job: sm.Job[Hyperparameters]) -> None:
    """Grow the trees, from the latest checkpoint on, until there are all or a stop comes."""
    hp = job.hyperparameters
    data = {name: matrix(job, name) for name in job.channels}
    job.stop.raise_if_requested()  # then these are not all of the rows
    resume = sm.XGBoostResume(
        job.checkpoints,
        every=hp.checkpoint_every,
        callbacks=[LogRounds(job)],
        stop_when=lambda: job.stop.requested,
    )
    booster = xgb.train(
        {
            "eta": hp.eta,
            "max_depth": hp.max_depth,
            "subsample": hp.subsample,
            "seed": hp.seed,
            "eval_metric": "rmse",
        },
        data["train"],
        num_boost_round=resume.rounds_left(hp.num_round),
        xgb_model=resume.booster,
        evals=[(rows, name) for name, rows in data.items()],
        verbose_eval=False,
        callbacks=resume.callbacks,
    )
    job.save_model(lambda folder: booster.save_model(folder / "model.json"))


def matrix(job: sm.Job[Hyperparameters], channel: str) -> xgb.DMatrix:
    """A channel's rows, in any input mode and content type."""
    tables = [table(batch) for batch in job.channels[channel].batches(rows=BLOCK)]
    if not tables:
        job.stop.raise_if_requested()
        raise ValueError(f"the channel {channel} has no rows; check its S3Uri")
    rows = np.concatenate(tables)
    return xgb.DMatrix(rows[:, 1:], rows[:, 0])


def table(batch: sm.Batch) -> NDArray[Any]:
    """The label of each row, then its features. Where columns have names (parquet), the first
    column is the label."""
    columns = ["label", "features"] if "features" in batch else list(batch)
    return np.column_stack([np.asarray(batch[name]) for name in columns])


class LogRounds(xgb.callback.TrainingCallback):
    """Reports the figures of every round as the job's metrics."""

    def __init__(self, job: sm.Job[Hyperparameters]) -> None:
        self.job = job

    def after_iteration(self, model: xgb.Booster, epoch: int, evals_log: Any) -> bool:
        rmse = {f"{name}:rmse": figures["rmse"][-1] for name, figures in evals_log.items()}
        self.job.metrics.log(rmse, step=epoch)
        return False


if __name__ == "__main__":
    algorithm.main()
