"""The one error of this room: a file of the tree is not what the contract says."""

from __future__ import annotations

from pathlib import Path


class ContractError(Exception):
    """A file under ``/opt/ml`` is missing or is not what the service writes.

    ``path`` is the file (or folder), ``what`` the fault, ``what_to_do`` the way out.
    """

    def __init__(self, path: Path, what: str, what_to_do: str) -> None:
        super().__init__(path, what, what_to_do)
        self.path = path
        self.what = what
        self.what_to_do = what_to_do

    def __str__(self) -> str:
        return f"{self.path}: {self.what}; {self.what_to_do}"
