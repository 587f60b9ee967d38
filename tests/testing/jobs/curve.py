"""A small algorithm that the kit's tests train: a polynomial, epoch by epoch, with checkpoints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

import sm_container as sm


@dataclass
class Hyperparameters:
    degree: Annotated[int, sm.Range(1, 9)] = 2
    epochs: int = 1
    fail: bool = False


algorithm = sm.Algorithm(
    "curve",
    hyperparameters=Hyperparameters,
    channels=[
        sm.Channel(
            "train",
            content_types=["text/csv", "application/x-recordio-protobuf"],
            modes=["File", "Pipe", "FastFile"],
        )
    ],
    metrics=[sm.Metric("train:rmse", goal="Minimize")],
)


@algorithm.train
def train(job: sm.Job[Hyperparameters]) -> None:
    latest = job.checkpoints.latest()
    first = 0 if latest is None else latest.step + 1
    batches = list(job.channels["train"].batches(rows=1000))
    x = np.concatenate([batch["features"][:, 0] for batch in batches])
    y = np.concatenate([batch["label"] for batch in batches])
    if job.hyperparameters.fail:
        raise ValueError("the data is too small")
    curve = np.polynomial.Polynomial.fit(x, y, job.hyperparameters.degree)
    for epoch in range(first, job.hyperparameters.epochs):
        job.metrics.log({"train:rmse": np.sqrt(np.mean((curve(x) - y) ** 2))}, step=epoch)
        job.checkpoints.save(epoch, lambda folder: np.save(folder / "coef.npy", curve.coef))
        print(f"epoch {epoch} of {job.hyperparameters.epochs}", flush=True)
        if job.hyperparameters.epochs > 1:
            job.stop.wait(0.3)
        if job.stop.requested:
            return
    job.save_model(lambda folder: np.save(folder / "curve.npy", curve.convert().coef))


if __name__ == "__main__":
    algorithm.main()
