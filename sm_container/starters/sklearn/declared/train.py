"""Linear regression with scikit-learn, batch by batch: the data need not fit into the memory.

Any estimator that has `partial_fit` can stand where SGDRegressor does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import joblib
import numpy as np
import sm_container as sm
from numpy.typing import NDArray
from sklearn.linear_model import SGDRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

BLOCK = 65_536  # rows in memory at a time
MODES = ["File", "Pipe", "FastFile"]
Array = NDArray[Any]


@dataclass(frozen=True)
class Hyperparameters:
    """What a job may set. The names and their meaning are scikit-learn's where it has them."""

    epochs: Annotated[int, sm.Range(1, 100_000), "passes over the data"] = 20
    alpha: Annotated[float, sm.Range(1e-9, 1), sm.Tunable(scale="Logarithmic")] = 1e-4
    eta0: Annotated[float, sm.Range(1e-6, 1), sm.Tunable(scale="Logarithmic")] = 0.01
    loss: Annotated[str, sm.OneOf("squared_error", "huber")] = "squared_error"
    random_state: Annotated[int, sm.Range(0, 2**31 - 1)] = 0


algorithm = sm.Algorithm(
    "my-algorithm",
    description="Linear regression on tables of numbers.",
    hyperparameters=Hyperparameters,
    channels=[
        sm.Channel("train", ["text/csv"], MODES, description="rows to learn from"),
        sm.Channel("validation", ["text/csv"], MODES, required=False, description="to judge by"),
    ],
    metrics=[
        sm.Metric("train:rmse", goal="Minimize"),
        sm.Metric("validation:rmse", goal="Minimize"),
    ],
)


@algorithm.train
def train(job: sm.Job[Hyperparameters]) -> None:
    """Learn epoch by epoch, from the latest checkpoint on, until the last one or a stop."""
    hp = job.hyperparameters
    latest = job.checkpoints.latest()  # None in a job's first start
    model = joblib.load(latest.path / "model.joblib") if latest else new_model(hp)
    for epoch in range(latest.step + 1 if latest else 0, hp.epochs):
        metrics = {"train:rmse": learn(job, model, is_first=epoch == 0)}
        if "validation" in job.channels:
            metrics["validation:rmse"] = rmse(job, "validation", model)
        if job.stop.requested:  # this epoch has not seen all of its rows: it does not count
            break
        job.metrics.log(metrics, step=epoch)
        job.checkpoints.save(epoch, lambda folder: joblib.dump(model, folder / "model.joblib"))
    if hasattr(model[-1], "coef_"):  # else the stop came before the first row
        job.save_model(lambda folder: joblib.dump(model, folder / "model.joblib"))


def new_model(hp: Hyperparameters) -> Pipeline:
    """The estimators that have not learnt anything yet."""
    regressor = SGDRegressor(
        loss=hp.loss, alpha=hp.alpha, eta0=hp.eta0, random_state=hp.random_state
    )
    return make_pipeline(StandardScaler(), regressor)


def learn(job: sm.Job[Hyperparameters], model: Pipeline, *, is_first: bool) -> float:
    """One pass over the rows; the error on the way. The first pass finds the scale, too."""
    scaler, regressor = model
    squares, count = 0.0, 0
    for x, y in blocks(job, "train"):
        if is_first:
            scaler.partial_fit(x)
        scaled = scaler.transform(x)
        regressor.partial_fit(scaled, y)
        error = regressor.predict(scaled) - y
        squares, count = squares + error @ error, count + len(y)
    return math.sqrt(squares / max(count, 1))


def rmse(job: sm.Job[Hyperparameters], channel: str, model: Pipeline) -> float:
    """The root of the mean squared error of what the model predicts."""
    squares, count = 0.0, 0
    for x, y in blocks(job, channel):
        error = model.predict(x) - y
        squares, count = squares + error @ error, count + len(y)
    return math.sqrt(squares / max(count, 1))


def blocks(job: sm.Job[Hyperparameters], channel: str) -> Iterator[tuple[Array, Array]]:
    """A channel's rows, in any input mode: features and labels, a block at a time."""
    count = 0
    for batch in job.channels[channel].batches(rows=BLOCK):
        count += batch.rows
        yield np.asarray(batch["features"]), np.asarray(batch["label"])
    if count == 0 and not job.stop.requested:
        raise ValueError(f"the channel {channel} has no rows; check its S3Uri")


if __name__ == "__main__":
    algorithm.main()
