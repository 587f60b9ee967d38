"""The sample data of the starters, as committed: ``python -m tests.starters.sample --update``.

Rows of Friedman's first function (from "Multivariate Adaptive Regression Splines", 1991): the
label, then five features from 0 to 1, on which it depends, not in straight lines alone.
"""

from __future__ import annotations

import sys

import numpy as np

from tests.docs.blocks import ROOT

FOLDER = ROOT / "sm_container" / "starters" / "common" / "both" / "s3" / "example-bucket"
PARTS = {"train/part-1.csv": 350, "train/part-2.csv": 350, "validation/part-1.csv": 200}
"""Rows by file."""
_SEED = 7


def files() -> dict[str, str]:
    """The text of each file, by its name."""
    random = np.random.default_rng(_SEED)
    return {name: _rows(random, count) for name, count in PARTS.items()}


def _rows(random: np.random.Generator, count: int) -> str:
    x = random.random((count, 5)).round(3)
    noise = random.standard_normal(count)
    y = (
        10 * np.sin(np.pi * x[:, 0] * x[:, 1])
        + 20 * (x[:, 2] - 0.5) ** 2
        + 10 * x[:, 3]
        + 5 * x[:, 4]
        + noise
    )
    lines = (
        ",".join([f"{label:.2f}", *(f"{value:.3f}" for value in features)])
        for label, features in zip(y, x, strict=True)
    )
    return "\n".join(lines) + "\n"


def update() -> None:
    """Write every file anew."""
    for name, text in files().items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    if sys.argv[1:] != ["--update"]:
        sys.exit("usage: python -m tests.starters.sample --update")
    update()
