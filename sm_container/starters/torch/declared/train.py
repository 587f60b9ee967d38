"""A small neural network for regression, with PyTorch.

`new_model` is the network: put yours in its place. What is around it is the same for every
algorithm that trains in epochs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import sm_container as sm
import torch
from torch import nn

BLOCK = 65_536  # rows in memory at a time
MODES = ["File", "Pipe", "FastFile"]
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


@dataclass(frozen=True)
class Hyperparameters:
    """What a job may set."""

    features: Annotated[int, sm.Range(1, 100_000), "columns of the data beside the label"] = 5
    epochs: Annotated[int, sm.Range(1, 100_000), "passes over the data"] = 30
    hidden: Annotated[int, sm.Range(1, 4096), sm.Tunable(), "units of a hidden layer"] = 64
    learning_rate: Annotated[float, sm.Range(1e-6, 1), sm.Tunable(scale="Logarithmic")] = 0.01
    batch_size: Annotated[int, sm.Range(1, BLOCK), sm.Tunable(), "rows of one step"] = 32
    seed: Annotated[int, sm.Range(0, 2**31 - 1)] = 0


algorithm = sm.Algorithm(
    "my-algorithm",
    description="A neural network for regression on tables of numbers.",
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
    torch.manual_seed(hp.seed)
    model = new_model(hp).to(DEVICE)
    optimizer = torch.optim.Adam(model.parameters(), lr=hp.learning_rate)
    state = sm.TorchState(model=model, optimizer=optimizer)  # the random states go with them
    latest = job.checkpoints.restore(state.restore)  # None in a job's first start
    for epoch in range(latest.step + 1 if latest else 0, hp.epochs):
        metrics = {"train:rmse": error(job, "train", model, optimizer)}
        if "validation" in job.channels:
            metrics["validation:rmse"] = error(job, "validation", model)
        if job.stop.requested:  # this epoch has not seen all of its rows: it does not count
            break
        job.metrics.log(metrics, step=epoch)
        job.checkpoints.save(epoch, state.write)
    if optimizer.state:  # else the stop came before the first step
        job.save_model(lambda folder: torch.save(model.state_dict(), folder / "model.pt"))


def new_model(hp: Hyperparameters) -> nn.Sequential:
    """The network with its first weights."""
    return nn.Sequential(
        nn.Linear(hp.features, hp.hidden),
        nn.ReLU(),
        nn.Linear(hp.hidden, hp.hidden),
        nn.ReLU(),
        nn.Linear(hp.hidden, 1),
        nn.Flatten(0),
    )


def error(
    job: sm.Job[Hyperparameters],
    channel: str,
    model: nn.Sequential,
    optimizer: torch.optim.Optimizer | None = None,
) -> float:
    """The root of the mean squared error over a channel's rows; given an optimizer, the model
    learns from them on the way."""
    squares, count = 0.0, 0
    with torch.set_grad_enabled(optimizer is not None):
        for x, y in blocks(job, channel):
            for rows in torch.randperm(len(y)).split(job.hyperparameters.batch_size):
                loss = nn.functional.mse_loss(model(x[rows]), y[rows])
                squares, count = squares + loss.item() * len(rows), count + len(rows)
                if optimizer is not None:
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
    if not math.isfinite(squares):
        raise ValueError("the loss is no longer a finite number; lower learning_rate")
    return math.sqrt(squares / max(count, 1))


def blocks(job: sm.Job[Hyperparameters], channel: str) -> Iterator[tuple[Any, Any]]:
    """A channel's rows, in any input mode: features and labels, as tensors on the device."""
    count, expected = 0, job.hyperparameters.features
    for batch in job.channels[channel].batches(rows=BLOCK):
        tensors = batch.to_torch()
        found = tensors["features"].shape[1]
        if found != expected:
            raise ValueError(f"the channel {channel} has {found} features; set features={found}")
        count += batch.rows
        yield tensors["features"].to(DEVICE), tensors["label"].to(DEVICE)
    if count == 0 and not job.stop.requested:
        raise ValueError(f"the channel {channel} has no rows; check its S3Uri")


if __name__ == "__main__":
    algorithm.main()
