"""A folder of one run's own below the home, locked for as long as the run lives.

One that is not locked is what a killed run has left. What is to stay lies in ``kept-<id>``.
"""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sm_container.harness.store.lock import lock, locked

KEPT = "kept-"


@contextmanager
def new_folder(above: Path, *, kept: bool) -> Iterator[Path]:
    """A folder below ``above``, which is made, too; the caller's alone within the block."""
    above.mkdir(exist_ok=True)
    path = above / f"{KEPT if kept else ''}{uuid.uuid4().hex[:8]}"
    with locked(above):  # or another might find it without a lock
        path.mkdir()
        held = lock(path)
    try:
        yield path
    finally:
        os.close(held)


def left_over_folders(above: Path) -> Iterator[Path]:
    """The folders of killed runs. Each is the caller's alone until the next is asked for."""
    for path in sorted(above.glob("*")):
        if path.name.startswith(KEPT):
            continue
        try:
            with locked(above):
                held = lock(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, FileNotFoundError):
            continue  # its run lives, or another has come first
        try:
            yield path
        finally:
            os.close(held)
