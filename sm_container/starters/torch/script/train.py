"""A small neural network for regression with PyTorch, as a plain script.

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

import numpy as np
import torch
from torch import nn

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
stop = threading.Event()

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def main() -> None:
    """Learn epoch by epoch, from the checkpoint on, until the last one or SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: stop.set())  # SIGKILL comes 120 seconds later
    options = parse()
    torch.manual_seed(options.seed)
    x, y = read(options.train)
    judged = read(options.validation) if options.validation else None
    model = new_model(x.shape[1], options.hidden).to(DEVICE)
    optimizer = torch.optim.Adam(model.parameters(), lr=options.learning_rate)
    checkpoint = options.checkpoint_dir / "checkpoint.pt"
    first = restore(checkpoint, model, optimizer) if checkpoint.exists() else 0
    for epoch in range(first, options.epochs):
        figures = f"epoch={epoch} train:rmse={learn(x, y, model, optimizer, options):.6f}"
        if judged:
            with torch.no_grad():
                error = (model(judged[0]) - judged[1]).square().mean().sqrt().item()
            figures += f" validation:rmse={error:.6f}"
        print(figures, flush=True)
        save(checkpoint, epoch, model, optimizer)
        if stop.is_set():
            break
    options.model_dir.mkdir(parents=True, exist_ok=True)
    torch.save(model.state_dict(), options.model_dir / "model.pt")


def parse() -> argparse.Namespace:
    """Hyperparameters come as arguments, and folders in variables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--learning_rate", type=float, default=0.01)
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--validation", default=os.environ.get("SM_CHANNEL_VALIDATION"))
    parser.add_argument("--model_dir", type=Path, default=os.environ.get("SM_MODEL_DIR", "model"))
    parser.add_argument("--checkpoint_dir", type=Path, default=BASE / "checkpoints")
    options = parser.parse_args()
    if options.train is None:
        parser.error("there is no channel train; add it to InputDataConfig, or give --train")
    return options


def new_model(features: int, hidden: int) -> nn.Sequential:
    """The network with its first weights."""
    return nn.Sequential(
        nn.Linear(features, hidden),
        nn.ReLU(),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
        nn.Linear(hidden, 1),
        nn.Flatten(0),
    )


def learn(
    x: torch.Tensor,
    y: torch.Tensor,
    model: nn.Sequential,
    optimizer: torch.optim.Optimizer,
    options: argparse.Namespace,
) -> float:
    """One pass over the rows, in steps of batch_size; the error on the way."""
    squares = 0.0
    for rows in torch.randperm(len(y)).split(options.batch_size):
        loss = nn.functional.mse_loss(model(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        squares += loss.item() * len(rows)
    if not math.isfinite(squares):
        raise ValueError("the loss is no longer a finite number; lower learning_rate")
    return math.sqrt(squares / len(y))


def read(folder: str) -> tuple[torch.Tensor, torch.Tensor]:
    """The rows of a channel's csv files: features, and labels, which are the first column."""
    tables = []
    for file in sorted(Path(folder).rglob("*")):
        if file.is_file() and file.stat().st_size:
            try:
                tables.append(np.loadtxt(file, delimiter=",", ndmin=2, dtype=np.float32))
            except ValueError as fault:
                raise ValueError(f"{file}: {fault}") from None
    if not tables:
        raise ValueError(f"there are no rows in {folder}; check the channel's S3Uri")
    table = torch.from_numpy(np.concatenate(tables)).to(DEVICE)
    return table[:, 1:], table[:, 0]


def save(
    checkpoint: Path, epoch: int, model: nn.Sequential, optimizer: torch.optim.Optimizer
) -> None:
    """Write a checkpoint that is whole or not there; the platform copies the folder to S3."""
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    partial = checkpoint.with_suffix(".sagemaker-ignore")  # such files it leaves behind
    state = {
        "epoch": epoch,
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "random": torch.get_rng_state(),
    }
    torch.save(state, partial)
    partial.replace(checkpoint)


def restore(checkpoint: Path, model: nn.Sequential, optimizer: torch.optim.Optimizer) -> int:
    """Load a checkpoint; the epoch to go on with."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["random"])
    return int(state["epoch"]) + 1


if __name__ == "__main__":
    main()
