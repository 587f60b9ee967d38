"""A host's checkpoint folder as its container leaves it, which may be anyhow.

The container owns all that is in it, may put a link anywhere, and may do so at any moment. So every
way into the folder is gone step by step from a folder that the container cannot move, and no step
is a link.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from sm_container.storage.files import FOLDER_MODE

LONGEST_PATH = 1024
"""Bytes of the longest key in S3. What lies deeper than that is not looked for."""

_STEP = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: a FIFO that took a file's place must not hold us up.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# What a path is answered with that is not there, or no longer the way it was.
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


@dataclass(frozen=True, slots=True)
class Version:
    """What tells a file's content from what it was: ``size`` in bytes, ``modified`` in nanoseconds.

    Not the time of the last change of status: whose the file is, is no matter.
    """

    inode: int
    size: int
    modified: int

    @classmethod
    def of(cls, status: os.stat_result) -> Version:
        return cls(status.st_ino, status.st_size, status.st_mtime_ns)


@dataclass
class Sight:
    """What was found at some places and below them.

    ``files`` are regular files, ``odd`` is what is none, with what it is instead; what is below the
    ``hidden`` folders cannot be seen.
    """

    files: dict[str, Version] = field(default_factory=dict)
    odd: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class OpenFile:
    """A regular file that is open for reading, whatever becomes of its name."""

    name: str
    descriptor: int

    @property
    def path(self) -> Path:
        """A path that leads to this very file, and to no other."""
        return Path(f"/proc/self/fd/{self.descriptor}")

    def version(self) -> Version:
        return Version.of(os.fstat(self.descriptor))


class NotAFileError(Exception):
    """What stands at a name is no regular file (any more)."""


@dataclass(frozen=True)
class Folder:
    """The folder at ``below``, reached from ``anchor``, which no container can move.

    Names of files are relative to it, with ``/``. ``shown`` is where the container sees it.
    """

    anchor: Path
    below: tuple[str, ...]
    shown: PurePosixPath

    @property
    def path(self) -> Path:
        return self.anchor.joinpath(*self.below)

    def identity(self) -> tuple[int, int] | None:
        """Which folder it is now, None where there is none. Raises OSError."""
        try:
            with self._inside(()) as descriptor:
                status = os.fstat(descriptor)
        except OSError as error:
            if error.errno in _GONE:
                return None
            raise
        return status.st_dev, status.st_ino

    def make_empty(self) -> None:
        """Make the folder anew, whatever stands there. Only while no container runs.

        Raises:
            OSError: where something in it may not be removed.
        """
        place = self.anchor
        for part in self.below:
            place /= part
            if place.is_symlink() or (place.exists() and not place.is_dir()):
                place.unlink()
            if not place.exists():
                place.mkdir()
                place.chmod(FOLDER_MODE)  # whatever the umask
        for entry in list(os.scandir(place)):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)

    def version(self, name: str) -> Version | None:
        """The regular file at a name, None where there is none. Raises OSError."""
        return self.look((name,)).files.get(name)

    def look(self, places: Iterable[str] = ("",)) -> Sight:
        """What stands at some places and below; ``""`` is the whole folder. Raises OSError."""
        sight = Sight()
        folders: list[str] = []
        for place in places:
            with _what_is_gone_is_nothing(), _what_is_closed_is_hidden(place, sight):
                if place:
                    with self.beside(place) as (descriptor, name):
                        status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                    _sort(place, status, sight, folders)
                else:
                    folders.append(place)
        while folders:
            folder = folders.pop()
            with _what_is_gone_is_nothing(), _what_is_closed_is_hidden(folder, sight):
                self._list(folder, sight, folders)
        return sight

    @contextmanager
    def open(self, name: str) -> Iterator[OpenFile]:
        """Open a regular file for reading.

        Raises:
            FileNotFoundError: where it is gone.
            NotAFileError: where something else stands in its place.
            OSError: where it may not be read.
        """
        try:
            with self.beside(name) as (folder, last):
                descriptor = os.open(last, _READ, dir_fd=folder)
        except OSError as error:
            if error.errno == errno.ENXIO:  # a socket
                raise NotAFileError(name) from error
            if error.errno in _GONE:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name) from error
            raise
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise NotAFileError(name)
            yield OpenFile(name, descriptor)
        finally:
            os.close(descriptor)

    @contextmanager
    def beside(self, name: str) -> Iterator[tuple[int, str]]:
        """The folder that a file is in, and the file's name there.

        Raises:
            OSError: where there is no such folder (ENOENT, ENOTDIR, ELOOP), or no way to it.
        """
        *way, last = name.split("/")
        with self._inside(tuple(way)) as descriptor:
            yield descriptor, last

    @contextmanager
    def _inside(self, way: tuple[str, ...]) -> Iterator[int]:
        descriptor = os.open(self.anchor, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in (*self.below, *way):
                deeper = os.open(part, _STEP, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = deeper
            yield descriptor
        finally:
            os.close(descriptor)

    def _list(self, folder: str, sight: Sight, folders: list[str]) -> None:
        way = tuple(folder.split("/")) if folder else ()
        with self._inside(way) as closed:
            descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=closed)
        try:
            with os.scandir(descriptor) as entries:
                for entry in entries:
                    with suppress(FileNotFoundError):
                        status = entry.stat(follow_symlinks=False)
                        name = f"{folder}/{entry.name}" if folder else entry.name
                        _sort(name, status, sight, folders)
        finally:
            os.close(descriptor)


def _sort(name: str, status: os.stat_result, sight: Sight, folders: list[str]) -> None:
    if len(os.fsencode(name)) > LONGEST_PATH:
        sight.odd[name] = f"its path has more than the {LONGEST_PATH} bytes of a key"
    elif stat.S_ISREG(status.st_mode):
        sight.files[name] = Version.of(status)
    elif stat.S_ISDIR(status.st_mode):
        folders.append(name)
    elif stat.S_ISLNK(status.st_mode):
        sight.odd[name] = "a link has no bytes of its own"
    else:
        sight.odd[name] = "it is no regular file"


@contextmanager
def _what_is_gone_is_nothing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _GONE:
            raise


@contextmanager
def _what_is_closed_is_hidden(place: str, sight: Sight) -> Iterator[None]:
    try:
        yield
    except PermissionError:
        sight.hidden.add(place)
