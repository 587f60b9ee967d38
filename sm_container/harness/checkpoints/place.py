"""Where the folder of CheckpointConfig's LocalPath is on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sm_container.contract.layout import DEFAULT_BASE
from sm_container.harness.checkpoints.folder import Folder
from sm_container.harness.engines.engine import Mount


@dataclass(frozen=True)
class Place:
    """A host's checkpoint folder, and the mount that shows it to the container: None where it is a
    part of the tree."""

    folder: Folder
    mount: Mount | None = None


def place_of(local_path: str, tree: Path, beside: Path) -> Place:
    """``tree`` is the host's ``/opt/ml``; ``beside`` the folder for every LocalPath elsewhere."""
    shown = plain(local_path)
    if shown.is_relative_to(DEFAULT_BASE):
        return Place(Folder(tree, shown.relative_to(DEFAULT_BASE).parts, shown))
    folder = Folder(beside.parent, (beside.name,), shown)
    return Place(folder, Mount(beside, str(shown)))


def plain(path: str) -> PurePosixPath:
    """An absolute path without what means nothing in it: ``//``, ``.``, a slash at its end."""
    return PurePosixPath(f"/{path.lstrip('/')}")
