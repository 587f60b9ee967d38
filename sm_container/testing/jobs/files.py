"""The files of a folder, as a test would list them."""

from __future__ import annotations

from pathlib import Path


def files_below(folder: Path) -> list[str]:
    """The names of all files below a folder, with ``/`` between folders, sorted."""
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()
    )
