"""Checkpoints of one host in a folder, and what is in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from sm_container.contract.checkpoint_manifest import MANIFEST_NAME
from sm_container.contract.checkpoints import UPLOADED_SUFFIX, is_upload_marker
from sm_container.declaration.checkpoints import SavedBy
from sm_container.runtime.checkpoints.checkpoint import Checkpoint
from sm_container.runtime.checkpoints.checkpoints import Checkpoints
from sm_container.runtime.checkpoints.folder import CheckpointFolder
from sm_container.runtime.checkpoints.retention import Retention
from sm_container.runtime.checkpoints.sharing import Share
from sm_container.runtime.checkpoints.uploads import Uploads


def opened(
    folder: Path,
    *,
    newest: int = 3,
    best: int = 0,
    metric: str | None = None,
    maximize: bool = False,
    host: str = "algo-1",
    hosts: tuple[str, ...] = ("algo-1", "algo-2"),
    saved_by: SavedBy = SavedBy.FIRST_HOST,
    is_copied: bool = False,
    deferred: Any = nullcontext,
) -> Checkpoints:
    """The checkpoints of a host, as a job has them."""
    retention = Retention(newest, best, metric, maximize)
    share = Share(host, hosts, saved_by)
    return Checkpoints(
        CheckpointFolder(folder, retention, share, Uploads() if is_copied else None), deferred
    )


def files(content: Mapping[str, bytes]) -> Callable[[Path], None]:
    """A function that writes these files, in folders below where their names say so."""

    def write(folder: Path) -> None:
        for name, data in content.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    return write


def text(word: str) -> Callable[[Path], None]:
    """A function that writes one file with a word in it."""
    return files({"state": word.encode()})


def content(checkpoint: Checkpoint | None) -> dict[str, bytes]:
    """What is in a checkpoint, the manifest and the platform's markers left out."""
    assert checkpoint is not None
    paths = {path.relative_to(checkpoint.path): path for path in checkpoint.path.rglob("*")}
    return {
        name.as_posix(): path.read_bytes()
        for name, path in paths.items()
        if path.is_file() and name.name != MANIFEST_NAME and not is_upload_marker(name.name)
    }


def steps(checkpoints: Checkpoints) -> list[int]:
    """The steps of all whole checkpoints."""
    return [each.step for each in checkpoints.all()]


def mark_uploaded(checkpoint: Path) -> None:
    """Put the markers beside the files of a checkpoint that the platform has uploaded."""
    for path in [path for path in checkpoint.rglob("*") if path.is_file()]:
        if not is_upload_marker(path.name):
            path.with_name(path.name + UPLOADED_SUFFIX).touch()


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())
