"""Writing one checkpoint: a new folder, the author's files, the seal; or nothing of it."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from sm_container.contract.checkpoints import CheckpointName
from sm_container.runtime.checkpoints.checkpoint import Checkpoint
from sm_container.runtime.checkpoints.errors import CheckpointError
from sm_container.runtime.checkpoints.removal import remove
from sm_container.runtime.checkpoints.sealing import seal
from sm_container.runtime.checkpoints.space import reason

Write = Callable[[Path], object]


def write_checkpoint(
    folder: Path, name: CheckpointName, write: Write, host: str, metrics: Mapping[str, float]
) -> Checkpoint:
    """Have ``write(folder)`` write into a new folder of ``folder``, and make that a checkpoint.

    What stands for the step already, whole or not, is left alone: the folder has the name of an
    attempt after it. Raises what ``write`` raises, and CheckpointError where the disk fails or has
    no room; then the folder is gone again.
    """
    path, name = _new_folder(folder, name)
    try:
        write(path)
        try:
            manifest = seal(path, name.step, host, metrics)
        except OSError as error:
            raise reason(error, path) or CheckpointError(
                path, f"cannot be written ({error})", "look at the disk and the folder's rights"
            ) from error
    except BaseException as error:
        why = reason(error, path) if isinstance(error, Exception) else None
        _take_back(path)
        if why is not None:
            raise why from error
        raise
    return Checkpoint(path, name, manifest)


def _new_folder(folder: Path, name: CheckpointName) -> tuple[Path, CheckpointName]:
    taken = [CheckpointName.parse(entry) for entry in os.listdir(folder)]
    attempts = [
        each.attempt + 1
        for each in taken
        if each is not None and (each.step, each.host) == (name.step, name.host)
    ]
    name = replace(name, attempt=max(attempts, default=0))
    path = folder / str(name)
    try:
        os.mkdir(path)
    except OSError as error:
        raise reason(error, folder) or CheckpointError(
            path, f"cannot be made ({error.strerror})", "make the folder writable"
        ) from error
    return path, name


def _take_back(path: Path) -> None:
    try:
        remove(path)
    except OSError as error:
        logging.getLogger("sm_container").warning(
            "what is left of an unfinished checkpoint stays until the next save: %s", error
        )
