"""The files that hosts leave in a folder, in a fixed order; what cannot be kept is named."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Leaf:
    """A file, link or folder, and the name it has in the artifact (relative, with ``/``)."""

    name: str
    path: Path
    status: os.stat_result

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.status.st_mode)

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.status.st_mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.status.st_mode)

    @property
    def size(self) -> int:
        return self.status.st_size if self.is_file else 0


@dataclass(frozen=True)
class Merged:
    """The files of all hosts as one folder, and a note for each that could not be kept."""

    leaves: tuple[Leaf, ...]
    notes: tuple[str, ...]

    @property
    def size(self) -> int:
        return sum(leaf.size for leaf in self.leaves)

    @property
    def is_empty(self) -> bool:
        return not any(leaf.is_file or leaf.is_link for leaf in self.leaves)


def is_contained(path: Path, tree: Path) -> bool:
    """Whether a path that a container had in hand still lies in its tree, no link leading out."""
    return path.resolve().is_relative_to(tree.resolve())


def merged(folders: Iterable[Path]) -> Merged:
    """Merge the hosts' folders, in the hosts' order.

    Sockets, pipes and devices are left out. Where two hosts have a file of one name the first
    host's is kept; the service says only that names must not clash.
    """
    leaves: dict[str, Leaf] = {}
    notes: list[str] = []
    for folder in folders:
        for leaf in _walk(folder, ""):
            if not (leaf.is_file or leaf.is_link or leaf.is_folder):
                notes.append(f"{leaf.path} was left out of the artifact: it is no regular file")
            elif leaf.name in leaves and not leaf.is_folder:
                notes.append(
                    f"{leaf.path} was left out of the artifact: another host has a file of that "
                    "name; give each host's files names of their own"
                )
            else:
                leaves.setdefault(leaf.name, leaf)
    return Merged(tuple(leaves.values()), tuple(notes))


def _walk(folder: Path, prefix: str) -> Iterator[Leaf]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            leaf = Leaf(prefix + entry.name, Path(entry.path), entry.stat(follow_symlinks=False))
            yield leaf
            if leaf.is_folder:
                yield from _walk(leaf.path, leaf.name + "/")
