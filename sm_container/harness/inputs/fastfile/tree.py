"""The folders and files of a mount, made once from a listing; they never change.

A file's node is its place in the listing, so that all but its name is looked up there; the
folders' nodes come after. 100,000 objects take some 20 MB and less than a second.
"""

from __future__ import annotations

import errno
import os
import stat
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from sm_container.harness.inputs.fastfile.protocol import ROOT, Attributes

_FILE_MODE = stat.S_IFREG | 0o444
_FOLDER_MODE = stat.S_IFDIR | 0o555
_FIRST_FILE = ROOT + 1


@dataclass
class Folder:
    """A folder: what it holds by name, in the order of the listing."""

    node: int
    parent: int
    modified: int = 0
    subfolders: int = 0
    children: dict[bytes, int] = field(default_factory=dict)

    @cached_property
    def names(self) -> list[bytes]:
        """The names by their place, which is what a directory's offset counts."""
        return list(self.children)


class Tree:
    """The nodes of a mount.

    ``files`` are (path, size in bytes, modified in seconds or None) in the order of the listing,
    paths relative and parted by slashes. A folder shadows a file of its name, and of two files of
    one path the first is seen. ``since`` is the time of what has none, in seconds.

    Raises:
        ValueError: for a path that leads out of the mount or cannot be a file's.
    """

    def __init__(
        self, files: Iterable[tuple[str, int, float | None]], *, since: float = 0.0
    ) -> None:
        self.owner, self.group = os.geteuid(), os.getegid()
        self._sizes = array("Q")
        self._modified = array("Q")
        paths: list[str] = []
        for path, size, modified in files:
            paths.append(path)
            self._sizes.append(size)
            self._modified.append(_nanoseconds(since if modified is None else modified))
        self._end = _FIRST_FILE + len(paths)  # the first node that is no file's
        root = Folder(ROOT, ROOT)
        self._folders = [root]
        by_path = {"": root}
        for index, path in enumerate(paths):
            above, _, name = path.rpartition("/")
            folder = by_path.get(above)
            if folder is None:
                folder = self._make(above, by_path)
            folder.children.setdefault(_checked(name, path), _FIRST_FILE + index)
            folder.modified = max(folder.modified, self._modified[index])
        for folder in reversed(self._folders):  # those below come after those above
            above_it = self.folder(folder.parent)
            above_it.modified = max(above_it.modified, folder.modified)

    def __len__(self) -> int:
        return len(self._sizes)

    @property
    def total(self) -> int:
        """The bytes of all files."""
        return sum(self._sizes)

    @property
    def nodes(self) -> int:
        return len(self._sizes) + len(self._folders)

    def folder(self, node: int) -> Folder:
        """Raises NotADirectoryError for the node of a file."""
        if node == ROOT:
            return self._folders[0]
        if node < self._end:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        return self._folders[node - self._end + 1]

    def is_folder(self, node: int) -> bool:
        return node == ROOT or node >= self._end

    def index(self, node: int) -> int:
        """A file's place in the listing; raises IsADirectoryError for a folder's node."""
        if self.is_folder(node):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        return node - _FIRST_FILE

    def size(self, index: int) -> int:
        return self._sizes[index]

    def attributes(self, node: int) -> Attributes:
        if self.is_folder(node):
            folder = self.folder(node)
            links = 2 + folder.subfolders
            return Attributes(node, 0, _FOLDER_MODE, links, folder.modified, self.owner, self.group)
        index = node - _FIRST_FILE
        return Attributes(
            *(node, self._sizes[index], _FILE_MODE, 1, self._modified[index]),
            *(self.owner, self.group),
        )

    def listed(self, node: int, offset: int) -> Iterator[tuple[Attributes, bytes]]:
        """What a folder holds, itself and the one above first, from the place ``offset`` on."""
        folder = self.folder(node)
        if offset < 1:
            yield self.attributes(node), b"."
        if offset < 2:
            yield self.attributes(folder.parent), b".."
        for name in islice(folder.names, max(0, offset - 2), None):
            yield self.attributes(folder.children[name]), name

    def _make(self, path: str, by_path: dict[str, Folder]) -> Folder:
        """The folder at ``path``, and those on the way to it, in place of files of their names."""
        missing = []
        while path not in by_path:
            missing.append(path)
            path = path.rpartition("/")[0]
        parent = by_path[path]
        for path in reversed(missing):
            folder = Folder(self._end + len(self._folders) - 1, parent.node)
            parent.children[_checked(path.rpartition("/")[2], path)] = folder.node
            parent.subfolders += 1
            self._folders.append(folder)
            parent = by_path[path] = folder
        return parent


def _nanoseconds(seconds: float) -> int:
    whole = int(max(0.0, seconds))
    return whole * 1_000_000_000 + int(max(0.0, seconds - whole) * 1e9)


def _checked(name: str, path: str) -> bytes:
    if name in ("", ".", "..") or "\0" in name or path.startswith("/"):
        raise ValueError(f"{path!r} cannot be the path of a file below a folder")
    return os.fsencode(name)
