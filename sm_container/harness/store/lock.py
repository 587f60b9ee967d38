"""Locks on folders of the home: the kernel lets go of one however the process ends.

The lock is the folder's own, and needs no file in it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(folder: Path, how: int = fcntl.LOCK_EX) -> Iterator[None]:
    """Hold the lock of a folder while the block runs. Raises as :func:`lock`."""
    held = lock(folder, how)
    try:
        yield
    finally:
        os.close(held)


def lock(folder: Path, how: int = fcntl.LOCK_EX) -> int:
    """A descriptor that holds the lock of a folder until it is closed; ``how`` is flock(2)'s.

    Raises:
        BlockingIOError: with LOCK_NB, where another holds it.
        FileNotFoundError: where there is no such folder.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, how)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
