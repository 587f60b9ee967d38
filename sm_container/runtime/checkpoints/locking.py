"""One save at a time on this machine, whichever process or thread it is of."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sm_container.runtime.checkpoints.errors import CheckpointError

# NFS locks no folder, and some file systems lock nothing.
_NO_LOCKS = (errno.EBADF, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder of checkpoints; waits for who has it.

    The lock is the folder's own: a file for it would be uploaded. It ends with its process, and a
    child that was forked meanwhile does not keep it. Where the file system has no locks there is
    none. Raises CheckpointError for a folder that cannot be opened.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise CheckpointError(
            folder, f"cannot be opened ({error.strerror})", "make it a folder that can be read"
        ) from error
    try:
        if not _lock(descriptor):
            yield
            return
        try:
            yield
        finally:
            # The close alone would leave it with a child that was forked meanwhile.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return False
    return True
