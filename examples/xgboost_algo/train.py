"""Gradient-boosted trees for regression: a whole algorithm, as an author writes it.

The channels hold rows of numbers in any of the CONTENT_TYPES, and come in any input mode.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
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
    checkpoint_every: Annotated[int, sm.Range(1, 10_000), "trees between two checkpoints"] = 10


BATCH = 65_536  # rows in memory at a time
CONTENT_TYPES = [
    "text/csv",
    "text/libsvm",
    "application/x-parquet",
    "application/x-recordio-protobuf",
    "application/x-recordio-msgpack",
]
MODES = ["File", "Pipe", "FastFile"]
algorithm = sm.Algorithm(
    "xgboost-algo",
    description="Gradient-boosted trees for regression on tables of numbers.",
    hyperparameters=Hyperparameters,
    channels=[
        sm.Channel(
            "train", content_types=CONTENT_TYPES, modes=MODES, description="rows to learn from"
        ),
        sm.Channel(
            "validation",
            content_types=CONTENT_TYPES,
            modes=MODES,
            required=False,
            description="rows to judge by",
        ),
    ],
    metrics=[
        sm.Metric("train:rmse", goal="Minimize"),
        sm.Metric("validation:rmse", goal="Minimize"),
    ],
)


@algorithm.train
def train(job: sm.Job[Hyperparameters]) -> None:
    """Grow the trees, log each round, save the model and what it is worth."""
    with tempfile.TemporaryDirectory() as cache:
        booster, evaluation = grow(job, Path(cache))
    job.save_model(lambda folder: booster.save_model(folder / "model.json"))
    (job.output_data / "evaluation.json").write_text(json.dumps(evaluation, indent=2) + "\n")


def grow(job: sm.Job[Hyperparameters], cache: Path) -> tuple[xgb.Booster, dict[str, Any]]:
    """The trees, and their evaluation. The rows lie in ``cache`` meanwhile, in XGBoost's pages.

    Trees of an earlier start that was interrupted are taken up from the latest checkpoint.
    """
    hp = job.hyperparameters
    data = {name: matrix(job, channel, cache / name) for name, channel in job.channels.items()}
    job.stop.raise_if_requested()  # then these are not all the rows
    resume = sm.XGBoostResume(
        job.checkpoints,
        every=hp.checkpoint_every,
        callbacks=[LogRounds(job)],
        stop_when=lambda: job.stop.requested,
    )
    booster = xgb.train(
        {
            "objective": hp.objective,
            "eval_metric": "rmse",
            "max_depth": hp.max_depth,
            "eta": hp.eta,
            "subsample": hp.subsample,
            "seed": hp.seed,
        },
        data["train"],
        num_boost_round=resume.rounds_left(hp.num_round),
        xgb_model=resume.booster,
        evals=[(matrix, name) for name, matrix in data.items()],
        verbose_eval=False,
        callbacks=resume.callbacks,
    )
    booster.set_attr(margin_column=hp.margin_column)  # whoever predicts needs it too
    return booster, {
        "rounds": booster.num_boosted_rounds(),
        "rows": {name: matrix.num_row() for name, matrix in data.items()},
        "rmse": {name: figures["rmse"][-1] for name, figures in resume.history.items()},
        "gain": booster.get_score(importance_type="total_gain"),
    }


def matrix(job: sm.Job[Hyperparameters], channel: sm.InputChannel, cache: Path) -> xgb.DMatrix:
    """A channel's rows as XGBoost wants them, which speaks of batches where there are none."""
    rows = Rows(channel, cache, job.hyperparameters.margin_column)
    try:
        return xgb.DMatrix(rows)
    except xgb.core.XGBoostError:
        job.stop.raise_if_requested()
        if rows.is_empty:
            raise ValueError(f"channel {channel.name} has no rows; check its S3Uri") from None
        raise


class Rows(xgb.DataIter):
    """A channel's rows, batch by batch, whatever its input mode and content type.

    XGBoost asks for them once and keeps them in pages on disk: the data is never in memory whole,
    and a Pipe channel, which can only be read from its beginning, is read in one pass.
    """

    def __init__(self, channel: sm.InputChannel, cache: Path, margin_column: int | None) -> None:
        super().__init__(cache_prefix=str(cache), release_data=True)
        self.channel = channel
        self.margin_column = margin_column
        self.batches: Iterator[sm.Batch] = iter(())
        self.is_empty = True

    def reset(self) -> None:
        self.batches = self.channel.batches(rows=BATCH)

    def next(self, input_data: Any) -> bool:
        batch = next(self.batches, None)
        if batch is None:
            return False
        self.is_empty = False
        label, features = columns_of(batch)
        if self.margin_column is None:
            input_data(data=features, label=label)
        else:
            input_data(data=features, label=label, base_margin=self.margin(features))
        return True

    def margin(self, features: np.ndarray) -> np.ndarray:
        if self.margin_column >= features.shape[1]:
            raise ValueError(
                f"margin_column = {self.margin_column}, but channel {self.channel.name} has the"
                f" feature columns 0 to {features.shape[1] - 1}"
            )
        return features[:, self.margin_column]


def columns_of(batch: sm.Batch) -> tuple[np.ndarray, np.ndarray]:
    """Labels and features: by these names, or in a table with names of its own the first column
    and the rest. What a sparse row leaves out is zero."""
    if "features" not in batch:
        label, *features = batch.values()
        return label, np.column_stack(features)
    features = batch["features"]
    return batch["label"], features if isinstance(features, np.ndarray) else features.to_dense()


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
