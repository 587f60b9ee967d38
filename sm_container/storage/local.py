"""A folder as an object store: what ``file://``, plain paths and a folder for S3 mean.

A key's parts are the folders on the way to its file. No key leads out of the boundary: parts that
are empty, ``.`` or ``..`` name nothing, and a link that leaves it is not followed.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sm_container.storage.errors import (
    BucketNotFoundError,
    ObjectChangedError,
    ObjectNotFoundError,
    StorageError,
)
from sm_container.storage.files import FILE_MODE, copy_file, said_of
from sm_container.storage.objects import Advance, Download, Object, ignore, in_binary_order

LeftOut = Callable[[str], None]
Settling = Callable[[], AbstractContextManager[None]]

_STEP = 1 << 20
_TRIES = 20
_PARTIAL = re.compile(r"\.sm-container-[0-9a-f]{32}\.partial")


class LocalStore:
    """The files under ``root``, their URIs beginning with ``base``.

    ``boundary`` (``root`` itself by default) is the folder that nothing leaves, links included.
    """

    def __init__(self, root: Path, base: str, *, boundary: Path | None = None) -> None:
        self._root = root
        self._base = base
        self._boundary = os.path.realpath(root if boundary is None else boundary)

    @property
    def origin(self) -> str:
        return "file://" + self._boundary

    def list(self, prefix: str, *, left_out: LeftOut = ignore, after: str = "") -> Iterator[Object]:
        """As every store's; only keys that follow ``after``: no folder before it is read."""
        if not self._root.is_dir():
            raise BucketNotFoundError(
                self._base, f"there is no folder {self._root}", "make it, or correct the name"
            )
        folder, slash, start = prefix.rpartition("/")
        if slash and not _is_path(folder):
            return  # no file's key begins so
        path = self._root / folder
        with said_of(self._base + prefix):
            if path.is_dir() and not self._is_inside(path):
                left_out(f"{self._base}{prefix} was left out: a link there leaves the folder")
            elif path.is_dir():
                yield from self._walk(path, folder + slash, start, left_out, after)

    def stat(self, key: str) -> Object | None:
        found = self._find(key)
        if found is None:
            return None
        return Object(key, found[1].st_size, None, found[1].st_mtime, self._base)

    def stat_all(self, keys: Sequence[str]) -> Sequence[Object | None]:
        return [self.stat(key) for key in keys]

    def exists(self, key: str) -> bool:
        return self._find(key) is not None

    def local_file(self, object: Object) -> Path:
        """The file that is the object, which can be linked.

        Raises:
            ObjectChangedError: where it is gone, or is not what its listing said any more.
        """
        found = self._find(object.key)
        if found is None or (found[1].st_size, found[1].st_mtime) != (object.size, object.modified):
            raise ObjectChangedError(
                object.uri, "changed since it was listed", "run again when it is at rest"
            )
        return found[0]

    def open(self, key: str) -> BinaryIO:
        found = self._find(key)
        if found is None:
            raise ObjectNotFoundError(self._base + key, "there is no such file", "check the path")
        with said_of(self._base + key):
            return found[0].open("rb")

    def read(self, key: str, offset: int = 0, size: int | None = None) -> bytes:
        with self.open(key) as stream, said_of(self._base + key):
            stream.seek(offset)
            return stream.read(-1 if size is None else size)

    def fill(
        self,
        object: Object,
        start: int,
        view: memoryview,
        arrived: Callable[[int], None],
        cancelled: threading.Event,
    ) -> None:
        path = self.local_file(object)
        with said_of(object.uri), path.open("rb", buffering=0) as file:
            at = 0
            while at < len(view) and not cancelled.is_set():
                count = os.preadv(file.fileno(), [view[at : at + _STEP]], start + at)
                status = os.fstat(file.fileno())
                if not count or (status.st_size, status.st_mtime) != (object.size, object.modified):
                    raise ObjectChangedError(
                        object.uri, "changed while it was read", "run again when it is at rest"
                    )
                at += count
                arrived(count)

    def download(self, object: Object, path: Path, advance: Advance = ignore) -> None:
        self.download_all([Download(object, path)], advance=advance)

    def download_all(
        self,
        downloads: Iterable[Download],
        *,
        finished: Callable[[Download], None] = ignore,
        advance: Advance = ignore,
    ) -> None:
        # One thread: the kernel copies, and more threads make small files slower.
        for download in downloads:
            copy_file(self.local_file(download.object), download.path, advance)
            finished(download)

    def require_writable(self, key: str) -> None:
        uri, folder = self._base + key, self._root / key
        with said_of(uri):
            while not os.path.lexists(folder):
                folder = folder.parent
            which = "" if str(folder) == uri else f"{folder} "
            if not folder.is_dir():
                raise StorageError(uri, f"{which}is not a folder", "name another place")
            if not os.access(folder, os.W_OK | os.X_OK):
                what_to_do = "check its owner and mode, or name another place"
                raise StorageError(uri, f"{which}may not be written to", what_to_do)

    def upload(self, path: Path, key: str, advance: Advance = ignore) -> None:
        uri, target = self._base + key, self._root / key
        if not _is_path(key) or not self._is_inside(target.parent):
            raise StorageError(uri, "cannot be a file below the folder", "choose another key")
        partial = target.parent / _partial_name()
        with said_of(uri):
            _copy_below(target.parent, path, partial, advance)
            _settle(partial, target)

    @contextmanager
    def replacing(self, key: str, settling: Settling = nullcontext) -> Iterator[Path]:
        """A new, empty file of mode 644, which becomes the object when the block ends, within
        ``settling``; it is removed where the block or that raises.

        Raises:
            StorageError: where nothing can be written at the key.
        """
        uri, target = self._base + key, self._root / key
        if not _is_path(key) or not self._is_inside(target.parent):
            raise StorageError(uri, "cannot be a file below the folder", "choose another key")
        partial = target.parent / _partial_name()
        with said_of(uri):
            _make_below(target.parent, partial)
        try:
            yield partial
            with settling(), said_of(uri):
                _settle(partial, target)
        finally:
            partial.unlink(missing_ok=True)

    def delete(self, key: str, *, below: str | None = None) -> None:
        path = self._root / key
        if not _is_path(key) or not self._is_inside(path.parent):
            return
        with said_of(self._base + key), suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
        folder, slash, _ = key.rpartition("/")
        while below is not None and slash and folder.startswith(below):
            try:
                (self._root / folder).rmdir()
            except OSError:  # it holds something else, is a link, or is gone: it stays as it is
                return
            folder, slash, _ = folder.rpartition("/")

    def _walk(
        self, folder: Path, above: str, start: str, left_out: LeftOut, after: str
    ) -> Iterator[Object]:
        levels = [_level(folder, above, start, after)]
        while levels:
            name = next(levels[-1].names, None)
            if name is None:
                levels.pop()
                continue
            path, key = levels[-1].folder / name, levels[-1].above + name
            fault, status = self._look(path)
            if fault is not None:
                if not _PARTIAL.fullmatch(name):
                    left_out(f"{self._base}{key} was left out: {fault}")
            elif status is None or _PARTIAL.fullmatch(name):
                continue
            elif stat.S_ISREG(status.st_mode):
                yield Object(key, status.st_size, None, status.st_mtime, self._base)
            elif any((status.st_dev, status.st_ino) == level.identity for level in levels):
                left_out(f"{self._base}{key} was left out: it is a link to a folder around it")
            else:
                levels.append(_level(path, f"{key}/", after=after))

    def _look(self, path: Path) -> tuple[str | None, os.stat_result | None]:
        """What speaks against a path as an object or folder, and else its status."""
        try:
            if path.is_symlink() and not self._is_inside(path):
                return "it is a link that leaves the folder", None
            status = path.stat()
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR):
                raise
            # Gone since the folder was read, unless a link is left that leads nowhere.
            return ("it is a link to nothing" if path.is_symlink() else None), None
        if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
            return None, status
        return "it is neither a file nor a folder", None

    def _find(self, key: str) -> tuple[Path, os.stat_result] | None:
        """The regular file at a key, with its status."""
        path = self._root / key
        if not _is_path(key) or not self._is_inside(path):
            return None
        with said_of(self._base + key):
            try:
                status = path.stat()
            except (FileNotFoundError, NotADirectoryError):
                return None
        return (path, status) if stat.S_ISREG(status.st_mode) else None

    def _is_inside(self, path: Path) -> bool:
        real = os.path.realpath(path)
        return real == self._boundary or real.startswith(self._boundary.rstrip("/") + "/")


def _partial_name() -> str:
    return f".sm-container-{uuid.uuid4().hex}.partial"


def _settle(partial: Path, target: Path) -> None:
    """Give a finished file its name; it is removed where it cannot have it."""
    try:
        if target.is_dir() and not target.is_symlink():
            target.rmdir()  # an empty folder is no object: it gives way
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _make_below(folder: Path, path: Path) -> None:
    """Make an empty file in a folder that is made for it, as ``_copy_below`` does."""
    for left in reversed(range(_TRIES)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.touch(FILE_MODE, exist_ok=False)
        except FileNotFoundError:
            if not left:
                raise
        else:
            path.chmod(FILE_MODE)
            return


def _copy_below(folder: Path, source: Path, target: Path, advance: Advance) -> None:
    """Copy a file into a folder that is made for it, also while deletions take empty ones away."""
    for left in reversed(range(_TRIES)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            copy_file(source, target, advance)
        except (FileNotFoundError, StorageError):
            if not left or folder.is_dir():
                raise
        else:
            return


@dataclass(frozen=True)
class _Level:
    """A folder on the way through a tree: the key that its names follow, its device and inode, and
    the names that are still to come, in the order of their keys."""

    folder: Path
    above: str
    identity: tuple[int, int]
    names: Iterator[str]


def _level(folder: Path, above: str, start: str = "", after: str = "") -> _Level:
    """A folder whose names are about to be looked at: those that begin with ``start``, and whose
    keys, or some below them, may follow ``after``."""
    here = folder.stat()
    with os.scandir(folder) as entries:
        # A folder sorts as its keys do, with the slash: "a-b" stands before "a/b".
        found = sorted(
            (in_binary_order(name + "/" if _is_folder(entry) else name), name)
            for entry in entries
            if (name := entry.name).startswith(start)
        )
    first, way = in_binary_order(above), in_binary_order(after)
    names = [
        name
        for place, name in found
        if first + place > way or (place.endswith(b"/") and way.startswith(first + place))
    ]
    return _Level(folder, above, (here.st_dev, here.st_ino), iter(names))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    # A link that links to itself is an error to an entry, and to os.path no folder.
    return os.path.isdir(entry.path) if entry.is_symlink() else entry.is_dir()


def _is_path(key: str) -> bool:
    return "\0" not in key and all(part not in ("", ".", "..") for part in key.split("/"))
