"""Room on the disk: asked before a checkpoint is written, and the reason where writing failed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

from sm_container.runtime.checkpoints.errors import CheckpointError

_NEXT_TO_NOTHING = 64 << 10
# numpy asks for the room before it writes, and keeps the number of the error to itself.
_OF_NUMPY = "Not enough free space"
_FREE_SOME = (
    "keep fewer checkpoints (sm.CheckpointPolicy(newest=...)), save less in each, or ask for a "
    "larger volume"
)


def free_bytes(folder: Path) -> int:
    """What can still be written below ``folder``."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def short_of_space(folder: Path, needed: int) -> CheckpointError:
    """The error of a checkpoint of ``needed`` bytes that does not fit."""
    return CheckpointError(
        folder,
        f"a checkpoint needs {mebibytes(needed)} and {mebibytes(free_bytes(folder))} are free",
        _FREE_SOME,
    )


def mebibytes(count: int) -> str:
    """A number of bytes to read."""
    return f"{count / 2**20:,.1f} MiB"


def reason(error: BaseException, folder: Path) -> CheckpointError | None:
    """Why writing below ``folder`` failed, where it was for want of space; else None.

    Libraries raise errors of their own that do not say: then the disk and the files are looked at,
    so call it before anything is removed.
    """
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EFBIG or (number is None and _has_file_at_limit(folder)):
        return CheckpointError(
            folder,
            f"a file reached the largest size allowed ({_limit_text()})",
            "raise the limit, or save the state in several smaller files",
        )
    if number == errno.EDQUOT:
        return CheckpointError(folder, "the disk quota is used up", _FREE_SOME)
    is_full = free_bytes(folder) < _NEXT_TO_NOTHING or _OF_NUMPY in str(error)
    if number == errno.ENOSPC or (number is None and is_full):
        return CheckpointError(
            folder, f"the disk is full: {mebibytes(free_bytes(folder))} are free", _FREE_SOME
        )
    return None


def _limit() -> int:
    import resource

    return resource.getrlimit(resource.RLIMIT_FSIZE)[0]


def _limit_text() -> str:
    limit = _limit()
    return f"RLIMIT_FSIZE, {limit} bytes" if limit >= 0 else "by the file system"


def _has_file_at_limit(folder: Path) -> bool:
    limit = _limit()
    return limit >= 0 and any(size >= limit for size in _sizes(folder))


def _sizes(folder: Path) -> Iterator[int]:
    for top, _, names in os.walk(folder):
        for name in names:
            yield os.lstat(os.path.join(top, name)).st_size
