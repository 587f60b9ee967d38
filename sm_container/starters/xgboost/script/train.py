"""Gradient-boosted trees for regression with XGBoost, as a plain script.

By hand, without any container:

    python train.py --train s3/example-bucket/train --model_dir model --checkpoint_dir checkpoints
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
import xgboost as xgb

BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
stop = threading.Event()


def main() -> None:
    """Grow the trees, from the checkpoint on, until there are all or SIGTERM comes."""
    signal.signal(signal.SIGTERM, lambda *_: stop.set())  # SIGKILL comes 120 seconds later
    options = parse()
    folders = {"train": options.train, "validation": options.validation}
    data = {name: matrix(folder) for name, folder in folders.items() if folder}
    checkpoint = options.checkpoint_dir / "checkpoint.ubj"
    booster = xgb.Booster(model_file=checkpoint) if checkpoint.exists() else None
    done = booster.num_boosted_rounds() if booster else 0
    booster = xgb.train(
        {
            "eta": options.eta,
            "max_depth": options.max_depth,
            "seed": options.seed,
            "eval_metric": "rmse",
        },
        data["train"],
        num_boost_round=max(0, options.num_round - done),
        xgb_model=booster,
        evals=[(rows, name) for name, rows in data.items()],
        verbose_eval=False,
        callbacks=[Rounds(done, checkpoint, options.checkpoint_every)],
    )
    options.model_dir.mkdir(parents=True, exist_ok=True)
    booster.save_model(options.model_dir / "model.json")


class Rounds(xgb.callback.TrainingCallback):
    """After each round: its figures, now and then a checkpoint, and the end if SIGTERM came."""

    def __init__(self, done: int, checkpoint: Path, every: int) -> None:
        self.done, self.checkpoint, self.every = done, checkpoint, every

    def after_iteration(self, model: xgb.Booster, epoch: int, evals_log: Any) -> bool:
        number = self.done + epoch
        rmse = {name: figures["rmse"][-1] for name, figures in evals_log.items()}
        figures = " ".join(f"{name}:rmse={value:.6f}" for name, value in rmse.items())
        print(f"round={number} {figures}", flush=True)
        if stop.is_set() or (number + 1) % self.every == 0:
            save(self.checkpoint, model)
        return stop.is_set()


def parse() -> argparse.Namespace:
    """Hyperparameters come as arguments, and folders in variables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--num_round", type=int, default=50)
    parser.add_argument("--max_depth", type=int, default=4)
    parser.add_argument("--eta", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--checkpoint_every", type=int, default=10)
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--validation", default=os.environ.get("SM_CHANNEL_VALIDATION"))
    parser.add_argument("--model_dir", type=Path, default=os.environ.get("SM_MODEL_DIR", "model"))
    parser.add_argument("--checkpoint_dir", type=Path, default=BASE / "checkpoints")
    options = parser.parse_args()
    if options.train is None:
        parser.error("there is no channel train; add it to InputDataConfig, or give --train")
    return options


def matrix(folder: str) -> xgb.DMatrix:
    """The rows of a channel's csv files, whose first column is the label."""
    tables = []
    for file in sorted(Path(folder).rglob("*")):
        if file.is_file() and file.stat().st_size:
            try:
                tables.append(np.loadtxt(file, delimiter=",", ndmin=2, dtype=np.float32))
            except ValueError as fault:
                raise ValueError(f"{file}: {fault}") from None
    if not tables:
        raise ValueError(f"there are no rows in {folder}; check the channel's S3Uri")
    table = np.concatenate(tables)
    return xgb.DMatrix(table[:, 1:], table[:, 0])


def save(checkpoint: Path, booster: xgb.Booster) -> None:
    """Write a checkpoint that is whole or not there; the platform copies the folder to S3."""
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    partial = checkpoint.with_suffix(".sagemaker-ignore")  # such files it leaves behind
    partial.write_bytes(booster.save_raw("ubj"))
    partial.replace(checkpoint)


if __name__ == "__main__":
    main()
