"""The error of a checkpoint that cannot be saved or loaded."""

from __future__ import annotations

from pathlib import Path


class CheckpointError(Exception):
    """A checkpoint cannot be saved or loaded; the ones before it are whole.

    ``path`` is the file or folder, ``what`` the fault, ``what_to_do`` the way out.
    """

    def __init__(self, path: Path, what: str, what_to_do: str) -> None:
        super().__init__(path, what, what_to_do)
        self.path = path
        self.what = what
        self.what_to_do = what_to_do

    def __str__(self) -> str:
        return f"{self.path}: {self.what}; {self.what_to_do}"
