"""Room on the disks, asked before anything is copied."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from sm_container.harness.sizes import size
from sm_container.storage.errors import StorageError
from sm_container.storage.files import said_of

SAMPLE = "free some space, or take the first objects of each channel with --sample"


def require_space(needs: Iterable[tuple[Path, int]], what_to_do: str = SAMPLE) -> None:
    """Check that each folder's file system has room for all the bytes asked of it.

    Raises:
        StorageError: with what is needed and what is free.
    """
    needed: defaultdict[int, int] = defaultdict(int)
    folders: dict[int, Path] = {}
    for folder, count in needs:
        device = os.stat(folder).st_dev
        needed[device] += count
        folders[device] = folder
    for device, folder in folders.items():
        with said_of(str(folder)):
            free = shutil.disk_usage(folder).free
        if needed[device] > free:
            raise StorageError(
                str(folder),
                f"{size(needed[device])} are needed here and {size(free)} are free",
                what_to_do,
            )
