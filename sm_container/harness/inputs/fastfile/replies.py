"""Replies on their way to the kernel: bytes of ours, or a file's, which do not pass through us."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Sequence
from contextlib import suppress

from sm_container.harness.inputs.fastfile.protocol import reply_header

GONE = (errno.ENODEV, errno.ECONNABORTED)
"""The mount is not there any more."""
WITHDRAWN = (errno.ENOENT, errno.EINTR)
"""A request is not there any more, and nobody waits for its reply."""

_PIPE_BYTES = 1 << 20  # what everybody may ask for
# What splice says where a file system cannot do it, or the pipe is too small for the reply.
_NOT_SPLICED = {errno.EINVAL, errno.EAGAIN, errno.ENOSYS, errno.EPERM}


class Replies:
    """What is written to a device. May be used from several threads at once."""

    def __init__(self, device: int) -> None:
        self._device = device
        self._pipes: list[tuple[int, int]] = []

    def send(self, parts: Sequence[bytes | memoryview]) -> None:
        """Send one whole reply. A reply that nobody waits for any more is no error."""
        try:
            os.writev(self._device, parts)
        except OSError as error:
            if error.errno not in (*GONE, *WITHDRAWN):
                raise

    def send_file(self, unique: int, descriptor: int, offset: int, size: int) -> bool:
        """Reply to a READ with the bytes of a file; False where they cannot be spliced.

        Raises:
            EOFError: where the file ends before them.
        """
        reading, writing = self._pipe()
        is_empty = False
        try:
            os.write(writing, reply_header(unique, size))
            at = 0
            while at < size:
                count = os.splice(descriptor, writing, size - at, offset_src=offset + at)
                if not count:
                    raise EOFError(f"the file ends after byte {offset + at}")
                at += count
            is_empty = self._splice(reading, len(reply_header(unique, size)) + size)
        except OSError as error:
            if error.errno not in _NOT_SPLICED:
                raise
            return False
        finally:
            if is_empty:
                self._pipes.append((reading, writing))
            else:  # it holds the rest of a reply that will not be sent
                os.close(reading)
                os.close(writing)
        return True

    def close(self) -> None:
        """Let go of the device."""
        os.close(self._device)
        while self._pipes:
            for descriptor in self._pipes.pop():
                os.close(descriptor)

    def _pipe(self) -> tuple[int, int]:
        try:
            return self._pipes.pop()  # not looked at before: another thread may be quicker
        except IndexError:
            return _pipe()

    def _splice(self, reading: int, size: int) -> bool:
        """Whether the reply was taken, and nothing is left in the pipe."""
        try:
            return os.splice(reading, self._device, size) == size
        except OSError as error:
            if error.errno not in (*GONE, *WITHDRAWN):
                raise
            return False


def _pipe() -> tuple[int, int]:
    # Non-blocking: a reply that does not fit must not wait for somebody to take it.
    reading, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    with suppress(PermissionError):  # a user with many pipes gets small ones
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return reading, writing
