"""The zero-byte files beside a checkpoint's files that tell an algorithm of their uploads.

Source: developer guide, "Use Checkpoints in Amazon SageMaker"; the service's own XGBoost container
deletes no file that has the one marker and not yet the other.
"""

from __future__ import annotations

import os
from contextlib import suppress

from sm_container.contract.checkpoints import UPLOADED_SUFFIX, UPLOADING_SUFFIX
from sm_container.storage.files import FILE_MODE

# O_EXCL follows no link: what stands there already, the container put there, and it may stay.
_MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def mark_uploading(folder: int, name: str) -> None:
    """An upload begins; what was said of an earlier one holds no more.

    ``folder`` is a descriptor. Raises OSError where the folder may not be written to.
    """
    _take_away(folder, name + UPLOADED_SUFFIX)
    _make(folder, name + UPLOADING_SUFFIX)


def mark_uploaded(folder: int, name: str) -> None:
    """An upload has ended well. Without its file no marker is left. Raises OSError."""
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        unmark(folder, name)
        return
    _make(folder, name + UPLOADED_SUFFIX)
    _take_away(folder, name + UPLOADING_SUFFIX)


def unmark(folder: int, name: str) -> None:
    """An upload has not ended well, or the file is gone. Raises OSError."""
    _take_away(folder, name + UPLOADING_SUFFIX)
    _take_away(folder, name + UPLOADED_SUFFIX)


def _make(folder: int, name: str) -> None:
    with suppress(FileExistsError):
        descriptor = os.open(name, _MAKE, FILE_MODE, dir_fd=folder)
        try:
            os.fchmod(descriptor, FILE_MODE)
        finally:
            os.close(descriptor)


def _take_away(folder: int, name: str) -> None:
    with suppress(FileNotFoundError, IsADirectoryError):
        os.unlink(name, dir_fd=folder)
