"""One FIFO of a channel: ``<channel>_<epoch>``, made in advance, opened when its reader comes.

The folder is the container's to write to, so nothing in it is trusted: it is known by a descriptor,
and the FIFO by one of its own, through which it is opened whatever stands at its name by then.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sm_container.harness.inputs.pipe.stop import Stop

_SIZE = 1 << 20
_MODE = 0o644


class FifoError(Exception):
    """A FIFO cannot be made where it must stand."""


class Fifo:
    """A FIFO that was just made by ``name`` in the folder that ``folder`` is open on."""

    def __init__(self, folder: int, name: str) -> None:
        self.name = name
        self._folder = folder
        try:
            os.mkfifo(name, _MODE, dir_fd=folder)
            self._identity = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        except OSError as fault:
            raise FifoError(
                f"no FIFO can be made at input/data/{name}: {fault.strerror}"
            ) from fault
        if not stat.S_ISFIFO(os.fstat(self._identity).st_mode):
            os.close(self._identity)
            raise FifoError(f"input/data/{name} was replaced by something that is no FIFO")
        os.chmod(self._path, _MODE)  # whatever the umask

    @contextmanager
    def opened(self, stop: Stop) -> Iterator[int]:
        """Wait for a reader, and give the descriptor to write to, which does not block.

        The wait is in the kernel: a reader that comes finds a writer, and none is missed, however
        short its visit. When the block ends the FIFO is gone from the folder before its reader sees
        the end, so that whoever opens the name again does not wait for nobody.

        Raises:
            StoppedError: when the feeding ends first.
        """
        woken: list[int] = []

        def wake() -> None:
            woken.append(os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))

        descriptor = -1
        try:
            with stop.waking(wake):
                descriptor = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
            os.set_blocking(descriptor, False)
            with suppress(PermissionError):  # above /proc/sys/fs/pipe-max-size, or a user's limit
                fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, _SIZE)
            yield descriptor
            self.remove()
        finally:
            for each in (descriptor, *woken):
                if each >= 0:
                    os.close(each)

    def remove(self) -> None:
        """Take it out of the folder, unless something else stands there by now."""
        with suppress(OSError):  # the folder is the container's, which may have deleted it
            found = os.stat(self.name, dir_fd=self._folder, follow_symlinks=False)
            own = os.fstat(self._identity)
            if (found.st_dev, found.st_ino) == (own.st_dev, own.st_ino):
                os.unlink(self.name, dir_fd=self._folder)

    def close(self) -> None:
        os.close(self._identity)

    @property
    def _path(self) -> Path:
        return Path(f"/proc/self/fd/{self._identity}")
