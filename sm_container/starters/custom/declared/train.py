"""Linear regression by stochastic gradient descent, in numpy alone.

`learn` and `rmse` are the algorithm: put yours in their place. What is around them is the same for
every algorithm that trains in epochs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import sm_container as sm
from numpy.typing import NDArray

BLOCK = 65_536  # rows in memory at a time
MODES = ["File", "Pipe", "FastFile"]
Array = NDArray[Any]


@dataclass(frozen=True)
class Hyperparameters:
    """What a job may set."""

    epochs: Annotated[int, sm.Range(1, 100_000), "passes over the data"] = 20
    learning_rate: Annotated[float, sm.Range(1e-6, 1), sm.Tunable(scale="Logarithmic")] = 0.05
    batch_size: Annotated[int, sm.Range(1, BLOCK), sm.Tunable(), "rows of one step"] = 32
    seed: Annotated[int, sm.Range(0, 2**31 - 1), "of the order of the rows"] = 0


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
    latest = job.checkpoints.latest()  # None in a job's first start
    weights = latest.arrays()["weights"] if latest else np.empty(0)
    for epoch in range(latest.step + 1 if latest else 0, job.hyperparameters.epochs):
        weights, error = learn(job, weights, epoch)
        metrics = {"train:rmse": error}
        if "validation" in job.channels:
            metrics["validation:rmse"] = rmse(job, "validation", weights)
        if job.stop.requested:  # this epoch has not seen all of its rows: it does not count
            break
        job.metrics.log(metrics, step=epoch)
        job.checkpoints.save(epoch, {"weights": weights})
    if weights.size:  # else the stop came before the first row
        job.save_model(lambda folder: np.save(folder / "weights.npy", weights))


def learn(job: sm.Job[Hyperparameters], weights: Array, epoch: int) -> tuple[Array, float]:
    """The weights after one pass over the rows, the intercept first, and the error on the way."""
    hp = job.hyperparameters
    order = np.random.default_rng([hp.seed, epoch])  # the same wherever a job goes on
    squares, count = 0.0, 0
    for x, y in blocks(job, "train"):
        weights = weights if weights.size else np.zeros(x.shape[1])
        for rows in np.array_split(order.permutation(len(y)), -(-len(y) // hp.batch_size)):
            error = x[rows] @ weights - y[rows]
            weights = weights - hp.learning_rate * error @ x[rows] / len(rows)
            squares, count = squares + float(error @ error), count + len(rows)
    if not np.isfinite(weights).all():
        raise ValueError(f"the weights grew without bounds in epoch {epoch}; lower learning_rate")
    return weights, math.sqrt(squares / max(count, 1))


def rmse(job: sm.Job[Hyperparameters], channel: str, weights: Array) -> float:
    """The root of the mean squared error of what the weights predict."""
    squares, count = 0.0, 0
    for x, y in blocks(job, channel):
        error = x @ weights - y
        squares, count = squares + float(error @ error), count + len(y)
    return math.sqrt(squares / max(count, 1))


def blocks(job: sm.Job[Hyperparameters], channel: str) -> Iterator[tuple[Array, Array]]:
    """A channel's rows, in any input mode: the features behind a column of ones, and the labels."""
    count = 0
    for batch in job.channels[channel].batches(rows=BLOCK):
        count += batch.rows
        x = np.column_stack([np.ones(batch.rows), np.asarray(batch["features"])])
        yield x, np.asarray(batch["label"])
    if count == 0 and not job.stop.requested:
        raise ValueError(f"the channel {channel} has no rows; check its S3Uri")


if __name__ == "__main__":
    algorithm.main()
