"""Turns scikit-learn's handwritten digits into two channels of PNG images in RecordIO.

python prepare_data.py FOLDER [--every N]
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from sm_container.records.batch import Batch, objects
from sm_container.records.formats import format_of

PARTS = 4  # files of the training channel
HELD_OUT = 5  # one image in so many is for validation


def prepare(folder: Path, every: int = 1) -> None:
    """Write ``train/`` and ``validation/``; with ``every``, only each n-th image."""
    digits = load_digits()
    images, labels = digits.images[::every], digits.target[::every]
    held_out = np.arange(len(labels)) % HELD_OUT == 0
    write(folder / "train", images[~held_out], labels[~held_out], PARTS)
    write(folder / "validation", images[held_out], labels[held_out], 1)


def write(folder: Path, images: np.ndarray, labels: np.ndarray, parts: int) -> None:
    """Write records of ``image``, the bytes of a PNG, and ``label``, spread over files."""
    folder.mkdir(parents=True, exist_ok=True)
    form = format_of("application/x-recordio-protobuf")
    for number, rows in enumerate(np.array_split(np.arange(len(labels)), parts)):
        batch = Batch(
            {
                "image": objects([png_of(images[row]) for row in rows]),
                "label": labels[rows].astype(np.float32),
            }
        )
        with open(folder / f"part-{number:05d}.pbr", "wb") as file:
            form.write([batch], file)


def png_of(image: np.ndarray) -> bytes:
    """An image of values from 0 to 16 as the bytes of a PNG."""
    out = io.BytesIO()
    Image.fromarray((image * 255 / 16).astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, help="take each N-th image only")
    given = parser.parse_args()
    prepare(given.folder, given.every)
