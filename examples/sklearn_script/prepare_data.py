"""Writes scikit-learn's breast cancer data as two channels of csv, the class first.

python prepare_data.py FOLDER
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer

HELD_OUT = 4  # one row in so many is for validation


def prepare(folder: Path) -> None:
    """Write ``train/`` and ``validation/``: 426 and 143 rows of 30 measurements."""
    data = load_breast_cancer()
    table = np.column_stack([data.target, data.data])
    held_out = np.arange(len(table)) % HELD_OUT == 0
    for name, rows in (("train", table[~held_out]), ("validation", table[held_out])):
        (folder / name).mkdir(parents=True, exist_ok=True)
        np.savetxt(folder / name / "part-00000.csv", rows, fmt="%g", delimiter=",")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    prepare(parser.parse_args().folder)
