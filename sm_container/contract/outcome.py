"""How a container ends: its exit code, the failure file, and the FailureReason made of both.

Source: developer guide, "How Amazon SageMaker Signals Algorithm Success and Failure";
DescribeTrainingJob, FailureReason.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path

FAILURE_LIMIT = 1024
OUT_OF_MEMORY_REASON = (
    "ClientError: Please use an instance type with more memory, or reduce the size of job data "
    "processed on an instance."
)

_BYTES_PER_CHARACTER = 4  # the most that UTF-8 takes


def exit_status(returncode: int) -> int:
    """The exit code that a shell or an engine shows for a ``Popen.returncode``.

    A program ended by signal n (``-n`` in Popen's convention) shows as 128 + n.
    """
    return 128 - returncode if returncode < 0 else returncode


def truncated(text: str, limit: int = FAILURE_LIMIT) -> str:
    """At most ``limit`` characters of the text; a character is never cut."""
    return text[:limit]


def read_failure(path: Path) -> str | None:
    """The failure file's first 1024 characters, None where there is no such file.

    Bytes that are not UTF-8 become U+FFFD. A link, a FIFO or a device is not followed: the
    file comes from a program that is not trusted with the reader's files.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO):
            return None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with open(descriptor, "rb") as file:
        content = file.read((FAILURE_LIMIT + 1) * _BYTES_PER_CHARACTER)
    return truncated(content.decode("utf-8", "replace"))


def write_failure(path: Path, text: str) -> bool:
    """Write the failure file, at most 1024 characters; False if one with content stands already.

    The folder is made where it is missing. Raises OSError where it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    content = truncated(text).encode("utf-8", "backslashreplace")
    if not _is_free(path):
        return False
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    with open(os.open(path, flags, 0o644), "wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False  # another writer is about to fill it
        if os.fstat(file.fileno()).st_size:
            return False
        file.write(content)
        file.flush()
    return True


def _is_free(path: Path) -> bool:
    """Whether nothing stands there, or an empty file, which says nothing and may be filled."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return True
    return stat.S_ISREG(status.st_mode) and status.st_size == 0


def failure_reason(text: str | None, exit_code: int) -> str:
    """The FailureReason of an algorithm that ended with ``exit_code``, at most 1024 characters.

    ``text`` is the failure file's, None or empty where there is none; the line break that a shell's
    echo leaves at its end is no part of it.
    """
    return truncated(f"AlgorithmError: {(text or '').rstrip()}, exit code: {exit_code}")
