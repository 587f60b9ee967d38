"""A project's folder, written whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path


class FolderTakenError(Exception):
    """There is something already where the folder is to be."""


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write ``files``, by their paths in it, into a folder that is not there yet or is empty.

    Raises FolderTakenError where there is something, OSError where it cannot be written; nothing is
    left then.
    """
    is_there = folder.is_dir()
    if os.path.lexists(folder) and not (is_there and not any(folder.iterdir())):
        raise FolderTakenError(
            f"{folder} holds something already; name a folder that is not there yet or is empty"
            if is_there
            else f"{folder} is there already, and is no folder"
        )
    # A folder that is there may be somebody's current one, or a mount point: it is filled, and not
    # replaced.
    around = folder if is_there else folder.parent
    around.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=".sm-container-init-", dir=around))
    try:
        whole = aside / "whole"
        for name, content in files.items():
            file = whole / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        if is_there:
            for entry in whole.iterdir():
                entry.rename(folder / entry.name)
        else:
            whole.rename(folder)
    finally:
        shutil.rmtree(aside)
