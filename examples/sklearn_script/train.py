"""Boosted trees that classify, in scikit-learn: a plain script that knows nothing of sm-container.

What the service hands over comes as arguments and SM_* variables, as in its own containers. SIGTERM
ends the training after the iteration that it comes in, and the trees so far are the model.
"""

from __future__ import annotations

import argparse
import os
import signal
from pathlib import Path
from types import FrameType

import joblib
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import accuracy_score, log_loss

is_stopping = False


def main() -> None:
    """Grow trees step by step, print their figures, save them."""
    given = parse_arguments()
    signal.signal(signal.SIGTERM, request_stop)
    x, y = read(given.train)
    held_out = None if given.validation is None else read(given.validation)
    model = HistGradientBoostingClassifier(
        learning_rate=given.learning_rate,
        max_leaf_nodes=given.max_leaf_nodes,
        early_stopping=False,
        warm_start=True,
        random_state=given.seed,
    )
    for trees in range(given.step, given.trees + given.step, given.step):
        model.set_params(max_iter=min(trees, given.trees))
        model.fit(x, y)
        report("train", model, x, y)
        if held_out is not None:
            report("validation", model, *held_out)
        if is_stopping:
            print(f"SIGTERM: {model.n_iter_} trees are kept", flush=True)
            break
    joblib.dump(model, given.model_dir / "model.joblib")


def parse_arguments() -> argparse.Namespace:
    """Hyperparameters come as arguments, folders as variables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--step", type=int, default=10, help="trees between two reports")
    parser.add_argument("--learning-rate", "--learning_rate", type=float, default=0.1)
    parser.add_argument("--max-leaf-nodes", "--max_leaf_nodes", type=int, default=31)
    parser.add_argument("--seed", type=int, default=0)
    for name in ("train", "validation"):
        folder = os.environ.get(f"SM_CHANNEL_{name.upper()}")
        parser.add_argument(f"--{name}", type=Path, default=folder)
    parser.add_argument("--model-dir", type=Path, default=os.environ.get("SM_MODEL_DIR"))
    given, unknown = parser.parse_known_args()
    if unknown:
        print(f"ignored: {' '.join(unknown)}", flush=True)
    if given.train is None:
        parser.error("there is no channel train (SM_CHANNEL_TRAIN)")
    return given


def read(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """The rows of all csv files below a folder: features, and the class in the first column."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    rows = [np.loadtxt(path, delimiter=",", ndmin=2) for path in files if path.stat().st_size]
    if not rows:
        raise SystemExit(f"{folder} has no rows")
    table = np.concatenate(rows)
    return table[:, 1:], table[:, 0].astype(int)


def report(name: str, model: HistGradientBoostingClassifier, x: np.ndarray, y: np.ndarray) -> None:
    """Print what the metric definitions of request.yaml look for."""
    likely = model.predict_proba(x)
    loss = log_loss(y, likely, labels=model.classes_)
    accuracy = accuracy_score(y, model.classes_[likely.argmax(axis=1)])
    print(f"{name}-loss={loss:.6f}; {name}-accuracy={accuracy:.6f};", flush=True)


def request_stop(number: int, frame: FrameType | None) -> None:
    """The handler only takes note: the loop ends where the model is whole."""
    global is_stopping
    is_stopping = True


if __name__ == "__main__":
    main()
