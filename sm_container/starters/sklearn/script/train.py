"""Linear regression with scikit-learn, as a plain script.

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

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import SGDRegressor
from sklearn.metrics import root_mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

Array = NDArray[Any]
BASE = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
stop = threading.Event()


def main() -> None:
    """Learn epoch by epoch, from the checkpoint on, until the last one or SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: stop.set())  # SIGKILL comes 120 seconds later
    options = parse()
    x, y = read(options.train)
    judged = read(options.validation) if options.validation else None
    checkpoint = options.checkpoint_dir / "checkpoint.joblib"
    if checkpoint.exists():
        first, scaler, regressor = joblib.load(checkpoint)
    else:
        regressor = SGDRegressor(
            alpha=options.alpha, eta0=options.eta0, random_state=options.random_state
        )
        first, scaler = 0, StandardScaler().fit(x)
    model = make_pipeline(scaler, regressor)
    for epoch in range(first, options.epochs):
        regressor.partial_fit(scaler.transform(x), y)
        figures = f"epoch={epoch} train:rmse={root_mean_squared_error(y, model.predict(x)):.6f}"
        if judged:
            error = root_mean_squared_error(judged[1], model.predict(judged[0]))
            figures += f" validation:rmse={error:.6f}"
        print(figures, flush=True)
        save(checkpoint, (epoch + 1, scaler, regressor))
        if stop.is_set():
            break
    options.model_dir.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, options.model_dir / "model.joblib")


def parse() -> argparse.Namespace:
    """Hyperparameters come as arguments, and folders in variables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--alpha", type=float, default=1e-4)
    parser.add_argument("--eta0", type=float, default=0.01)
    parser.add_argument("--random_state", type=int, default=0)
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--validation", default=os.environ.get("SM_CHANNEL_VALIDATION"))
    parser.add_argument("--model_dir", type=Path, default=os.environ.get("SM_MODEL_DIR", "model"))
    parser.add_argument("--checkpoint_dir", type=Path, default=BASE / "checkpoints")
    options = parser.parse_args()
    if options.train is None:
        parser.error("there is no channel train; add it to InputDataConfig, or give --train")
    return options


def read(folder: str) -> tuple[Array, Array]:
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
    table = np.concatenate(tables)
    return table[:, 1:], table[:, 0]


def save(checkpoint: Path, state: object) -> None:
    """Write a checkpoint that is whole or not there; the platform copies the folder to S3."""
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    partial = checkpoint.with_suffix(".sagemaker-ignore")  # such files it leaves behind
    joblib.dump(state, partial)
    partial.replace(checkpoint)


if __name__ == "__main__":
    main()
