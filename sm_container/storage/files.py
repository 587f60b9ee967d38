"""Files of this machine: cloned, linked or copied, and noticed where they change meanwhile."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sm_container.storage.errors import ObjectChangedError, ObjectNotFoundError, StorageError
from sm_container.storage.objects import Advance, ignore

FILE_MODE = 0o644
FOLDER_MODE = 0o755

_FICLONE = 0x40049409  # linux/fs.h: share the blocks until one of the two is written
_STEP = 16 << 20
_BLOCK = 1 << 20
# What copy_file_range says where the kernel or the file system cannot do it.
_NOT_IN_KERNEL = {errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS, errno.EPERM}


def clone_file(source: Path, target: Path) -> bool:
    """Make ``target`` a copy that shares the blocks of ``source``; False where that cannot be."""
    with _reading(source) as reading, _writing(target) as writing:
        cloned = _clone(reading, writing)
    if not cloned:
        target.unlink()
    return cloned


def copy_file(source: Path, target: Path, advance: Advance = ignore) -> None:
    """Copy to a new file of mode 644, by cloning where the file system can.

    Raises:
        ObjectChangedError: where the source was written meanwhile.
        StorageError: where it cannot be read or written; no partial file is left.
    """
    # A full disk is the target's fault, whose own name may be one of the moment: name its folder.
    with (
        said_of(str(source)),
        _reading(source) as reading,
        said_of(str(target.parent)),
        _writing(target) as writing,
    ):
        before = os.fstat(reading)
        if _clone(reading, writing):
            advance(before.st_size)
        else:
            _copy(reading, writing, before.st_size, advance)
        after, copied = os.fstat(reading), os.fstat(writing)
        if _state(before) != _state(after) or copied.st_size != before.st_size:
            raise ObjectChangedError(
                str(source), "was written while it was copied", "run again when it is at rest"
            )


@contextmanager
def said_of(uri: str) -> Iterator[None]:
    """Turn an OSError into a StorageError about ``uri``."""
    try:
        yield
    except FileNotFoundError as error:
        raise ObjectNotFoundError(uri, "there is no such file", "check the path") from error
    except PermissionError as error:
        raise StorageError(uri, "permission denied", "check the owner and the mode") from error
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        what_to_do = "free some space" if full else "check the path and its file system"
        raise StorageError(uri, error.strerror or str(error), what_to_do) from error


@contextmanager
def _reading(path: Path) -> Iterator[int]:
    # O_NONBLOCK: a FIFO that took a file's place must not hold us up.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise StorageError(str(path), "is not a regular file", "name a file or a folder")
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _writing(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    try:
        os.fchmod(descriptor, FILE_MODE)
        yield descriptor
    except BaseException:
        with suppress(FileNotFoundError):
            path.unlink()
        raise
    finally:
        os.close(descriptor)


def _state(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


def _clone(reading: int, writing: int) -> bool:
    try:
        fcntl.ioctl(writing, _FICLONE, reading)
    except OSError:
        return False
    return True


def _copy(reading: int, writing: int, size: int, advance: Advance) -> None:
    done = 0
    try:
        while done < size and (count := os.copy_file_range(reading, writing, _STEP)):
            done += count
            advance(count)
    except OSError as error:
        if error.errno not in _NOT_IN_KERNEL:
            raise
    os.lseek(reading, done, os.SEEK_SET)
    os.lseek(writing, done, os.SEEK_SET)
    # No further than the size: a file that something appends to would have no end.
    while done < size and (block := os.read(reading, min(_BLOCK, size - done))):
        written = 0
        while written < len(block):
            written += os.write(writing, memoryview(block)[written:])
        done += len(block)
        advance(len(block))
