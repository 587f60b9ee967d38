"""Linear regression by stochastic gradient descent, in numpy alone, as a plain script.

By hand, without any container:

    python train.py --train s3/example-bucket/train --model_dir model --checkpoint_dir checkpoints
"""

from __future__ import annotations

import argparse
import math
import os
import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
stop = threading.Event()


def main() -> None:
    """Learn epoch by epoch, from the checkpoint on, until the last one or SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: stop.set())  # SIGKILL comes 120 seconds later
    options = parse()
    x, y = read(options.train)
    judged = read(options.validation) if options.validation else None
    first, weights = 0, np.zeros(x.shape[1])
    checkpoint = options.checkpoint_dir / "checkpoint.npz"
    if checkpoint.exists():
        with np.load(checkpoint) as saved:
            first, weights = int(saved["epoch"]) + 1, saved["weights"]
    for epoch in range(first, options.epochs):
        weights, error = learn(x, y, weights, epoch, options)
        figures = f"epoch={epoch} train:rmse={error:.6f}"
        if judged:
            figures += f" validation:rmse={rmse(*judged, weights):.6f}"
        print(figures, flush=True)
        save(checkpoint, epoch=epoch, weights=weights)
        if stop.is_set():
            break
    options.model_dir.mkdir(parents=True, exist_ok=True)
    np.save(options.model_dir / "weights.npy", weights)


def parse() -> argparse.Namespace:
    """Hyperparameters come as arguments, and folders in variables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--learning_rate", type=float, default=0.05)
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--validation", default=os.environ.get("SM_CHANNEL_VALIDATION"))
    parser.add_argument("--model_dir", type=Path, default=os.environ.get("SM_MODEL_DIR", "model"))
    parser.add_argument("--checkpoint_dir", type=Path, default=BASE / "checkpoints")
    options = parser.parse_args()
    if options.train is None:
        parser.error("there is no channel train; add it to InputDataConfig, or give --train")
    if not 0 < options.learning_rate <= 1:
        parser.error(f"learning_rate is more than 0 and at most 1, not {options.learning_rate}")
    return options


def read(folder: str) -> tuple[Array, Array]:
    """The rows of a channel's csv files: the features behind a column of ones, and the labels."""
    tables = []
    for file in sorted(Path(folder).rglob("*")):
        if file.is_file() and file.stat().st_size:
            try:
                tables.append(np.loadtxt(file, delimiter=",", ndmin=2))
            except ValueError as fault:
                raise ValueError(f"{file}: {fault}") from None
    if not tables:
        raise ValueError(f"there are no rows in {folder}; check the channel's S3Uri")
    table = np.concatenate(tables)
    return np.column_stack([np.ones(len(table)), table[:, 1:]]), table[:, 0]


def learn(
    x: Array, y: Array, weights: Array, epoch: int, options: argparse.Namespace
) -> tuple[Array, float]:
    """The weights after one pass over the rows, and the error on the way."""
    order = np.random.default_rng([options.seed, epoch])  # the same wherever a job goes on
    squares = 0.0
    for rows in np.array_split(order.permutation(len(y)), -(-len(y) // options.batch_size)):
        error = x[rows] @ weights - y[rows]
        weights = weights - options.learning_rate * error @ x[rows] / len(rows)
        squares += error @ error
    if not np.isfinite(weights).all():
        raise ValueError(f"the weights grew without bounds in epoch {epoch}; lower learning_rate")
    return weights, math.sqrt(squares / len(y))


def rmse(x: Array, y: Array, weights: Array) -> float:
    """The root of the mean squared error of what the weights predict."""
    return float(np.sqrt(np.mean((x @ weights - y) ** 2)))


def save(checkpoint: Path, **arrays: Any) -> None:
    """Write a checkpoint that is whole or not there; the platform copies the folder to S3."""
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    partial = checkpoint.with_suffix(".sagemaker-ignore")  # such files it leaves behind
    with partial.open("wb") as file:
        np.savez(file, **arrays)
    partial.replace(checkpoint)


if __name__ == "__main__":
    main()
