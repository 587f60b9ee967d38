"""Files of a channel that are read ahead: in FastFile mode each read may be a request to S3.

Nothing is read until asked for. Then what follows is fetched by threads of this process, and the
first bytes of the files that come next, all within one bounded memory.

Source: CreateTrainingJob, TrainingInputMode FastFile: "streams data on demand".
"""

from __future__ import annotations

import errno
import functools
import io
import os
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, NoReturn, SupportsIndex

from sm_container.channels.errors import ChannelError
from sm_container.machine.memory import total_memory
from sm_container.readahead.ahead import MEMORY, ReadAhead
from sm_container.readahead.engine import SMALLEST_MEMORY, Check
from sm_container.readahead.lazy import LazyFile

BUFFER = 64 << 10
_STEP = 1 << 20
_SHARE_OF_MEMORY = 16


class Version(NamedTuple):
    """What tells that a file is still the one that it was."""

    size: int
    modified_ns: int


class _Locks(NamedTuple):
    """``turn`` is for who reads, ``state`` for who opens, closes and counts."""

    turn: threading.Lock
    state: threading.Lock


class FileSource:
    """A file as something to read ahead; two of one path are equal.

    One thread at a time reads it, from front to back, so that a mount below that reads ahead
    itself sees a sequence. Raises ChannelError where the file is not what it was.
    """

    def __init__(self, path: Path, version: Version | None = None) -> None:
        self.path = path
        self._version = version
        self._file: int | None = None
        self._keepers = 0
        self._filling: int | None = None  # the process that reads from it now
        self._all_locks: dict[int, _Locks] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FileSource) and other.path == self.path

    def __hash__(self) -> int:
        return hash(self.path)

    @property
    def version(self) -> Version:
        """What the file was when it was first looked at."""
        if self._version is None:
            self._version = _version(os.stat(self.path))
        return self._version

    @property
    def size(self) -> int:
        return self.version.size

    def fill(
        self,
        start: int,
        view: memoryview,
        arrived: Callable[[int], None],
        cancelled: threading.Event,
    ) -> None:
        """Fill all of ``view`` with the bytes from ``start`` on."""
        with self._locks.turn:
            try:
                file = self._opened()
                filled = 0
                while filled < len(view) and not cancelled.is_set():
                    step = view[filled : filled + _STEP]
                    count = self._read(file, step, start + filled)
                    if not count:
                        self.refuse()
                    filled += count
                    arrived(count)
            finally:
                with self._locks.state:
                    self._filling = None
                    self._close_unless_used()

    def _read(self, file: int, view: memoryview, offset: int) -> int:
        try:
            return os.preadv(file, [view], offset)
        except OSError as error:
            if error.errno == errno.ESTALE:  # what a mount says of an object that has changed
                self.refuse()
            raise OSError(error.errno, error.strerror, os.fspath(self.path)) from None

    def keep_open(self) -> None:
        """Keep the file open between reads, until as many calls of ``release``."""
        with self._locks.state:
            self._keepers += 1

    def release(self) -> None:
        """Does not wait for a read: one that stalls would hold up who gives up on it."""
        with self._locks.state:
            self._keepers -= 1
            self._close_unless_used()

    @property
    def _locks(self) -> _Locks:
        # Of each process its own: a fork may have left its parent's locked.
        return self._all_locks.setdefault(os.getpid(), _Locks(threading.Lock(), threading.Lock()))

    def _opened(self) -> int:
        with self._locks.state:
            if self._file is None:
                self._file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
                if _version(os.fstat(self._file)) != self.version:
                    self._close_unless_used()
                    self.refuse()
            self._filling = os.getpid()
            return self._file

    def _close_unless_used(self) -> None:
        if self._file is not None and not self._keepers and self._filling != os.getpid():
            file, self._file = self._file, None
            os.close(file)

    def refuse(self) -> NoReturn:
        """Say that the file is another one now."""
        raise ChannelError(
            [f"{self.path} has changed since it was opened; a job's input has to stay as it is"]
        )


class ReadAheadFile(LazyFile):
    """A raw file that is read ahead. Pickled, it is opened anew at its place, if unchanged.

    ``check`` may end a read that waits, as in `ReadAhead.open`.
    """

    def __init__(self, source: FileSource, check: Check | None = None) -> None:
        super().__init__(read_ahead().open(source, check), str(source.path))
        self.source = source
        source.keep_open()

    def __reduce__(self) -> tuple[object, ...]:
        return _read_ahead_again, (self.source.path, self.source.version, self.tell())

    def close(self) -> None:
        if not self.closed:
            super().close()
            self.source.release()


class ChannelFile(io.BufferedReader):
    """A file of a channel, for reading: seekable, and picklable for worker processes.

    Its pickle opens the file anew at its position. Raises ChannelError there if it has changed.
    """

    def __reduce__(self) -> tuple[object, ...]:
        path = Path(os.fsdecode(self.name))
        raw: object = self.raw
        if isinstance(raw, ReadAheadFile):
            return _opened_again, (path, True, raw.source.version, self.tell())
        return _opened_again, (path, False, _version(os.fstat(self.fileno())), self.tell())

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[object, ...]:
        """From Python 3.13 on a buffer's own refuses, and pickle asks it first."""
        return self.__reduce__()


def opened(path: Path, *, is_lazy: bool) -> ChannelFile:
    """A file of a channel, read ahead where ``is_lazy``. Raises OSError where it is not there."""
    if is_lazy:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        return ChannelFile(ReadAheadFile(FileSource(path, _version(status))), BUFFER)
    return ChannelFile(io.FileIO(path), BUFFER)


@functools.cache
def read_ahead() -> ReadAhead:
    """What all files of this process that are read ahead share; a child of a fork has its own."""
    return ReadAhead(max(SMALLEST_MEMORY, min(MEMORY, total_memory() // _SHARE_OF_MEMORY)))


@contextmanager
def in_order(sources: Sequence[FileSource], of: str) -> Iterator[None]:
    """Say that files will be opened in this order, so that the next ones are fetched ahead."""
    read_ahead().hint(sources, of)
    try:
        yield
    finally:
        read_ahead().hint((), of)


def _version(status: os.stat_result) -> Version:
    return Version(status.st_size, status.st_mtime_ns)


def _read_ahead_again(path: Path, version: Version, position: int) -> ReadAheadFile:
    file = ReadAheadFile(FileSource(path, version))
    file.seek(position)
    return file


def _opened_again(path: Path, is_lazy: bool, version: Version, position: int) -> ChannelFile:
    source = FileSource(path, version)
    if is_lazy:
        file = ChannelFile(ReadAheadFile(source), BUFFER)
    else:
        file = ChannelFile(io.FileIO(path), BUFFER)
        if _version(os.fstat(file.fileno())) != version:
            file.close()
            source.refuse()
    file.seek(position)
    return file
