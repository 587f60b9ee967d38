"""Saving a checkpoint against a bare write and fsync of the same bytes, on this checkout's disk.

What was written is removed after each turn, unmeasured: it makes room in memory for the next.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.rivals import ROOT
from benchmarks.row import Row, at_most
from benchmarks.timing import side_by_side
from sm_container.declaration.checkpoints import SavedBy
from sm_container.runtime.checkpoints.checkpoints import Checkpoints
from sm_container.runtime.checkpoints.folder import CheckpointFolder
from sm_container.runtime.checkpoints.retention import Retention
from sm_container.runtime.checkpoints.sharing import Share

TOTAL = 256 << 20
TIMES = 1.2
REPEATS = 15


def rows() -> list[Row]:
    """A model in one large file, and the same bytes in a few."""
    content = memoryview(os.urandom(TOTAL))
    return [_row(content, count) for count in (1, 4)]


def _row(content: memoryview, count: int) -> Row:
    size = TOTAL // count
    parts = [content[number * size :][:size] for number in range(count)]
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOT / "build", prefix="checkpoints") as place:
        share = Share("algo-1", ("algo-1",), SavedBy.FIRST_HOST)
        checkpoints = Checkpoints(
            CheckpointFolder(Path(place, "ours"), Retention(newest=1), share, None)
        )
        bare_folder = Path(place, "bare")

        def save() -> None:
            checkpoints.save(1, lambda folder: _write(folder, parts))

        def write() -> None:
            bare_folder.mkdir()
            _write(bare_folder, parts, sync=True)

        def clear() -> None:
            for folder in Path(place).iterdir():
                shutil.rmtree(folder)

        ours, bare = side_by_side(save, write, repeats=REPEATS, after_each=clear)
    files = "1 file" if count == 1 else f"{count} files"
    work = f"checkpoint of {TOTAL >> 20} MiB in {files}"
    note = f"{TOTAL / ours / 1e9:.2f} of {TOTAL / bare / 1e9:.2f} GB/s"
    return Row(work, ours, "write and fsync of the same bytes", bare, at_most(TIMES), note)


def _write(folder: Path, parts: Sequence[memoryview], sync: bool = False) -> None:
    for number, part in enumerate(parts):
        with (folder / str(number)).open("wb", buffering=0) as file:
            written = 0
            while written < len(part):
                written += file.write(part[written:])
            if sync:
                os.fsync(file.fileno())
