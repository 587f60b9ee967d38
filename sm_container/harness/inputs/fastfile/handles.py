"""An open file of a mount: one of this machine, or an object that is read ahead."""

from __future__ import annotations

import errno
import os
import stat
from typing import Protocol

from sm_container.harness.inputs.fastfile.protocol import reply_header
from sm_container.harness.inputs.fastfile.replies import Replies
from sm_container.readahead.reader import Reader
from sm_container.storage.errors import ObjectChangedError

_SMALL = 128 << 10


class Handle(Protocol):
    """A file as one program has it open."""

    def send(self, replies: Replies, unique: int, offset: int, size: int) -> None:
        """Reply to the READ ``unique`` with all of these bytes, which lie inside the file.

        Raises what speaks against reading them; then nothing was sent.
        """

    def close(self) -> None:
        """Let go of it; a ``send`` that waits for bytes ends with an error."""


class FileHandle:
    """A file of this machine, whose ``descriptor`` it owns."""

    def __init__(self, uri: str, descriptor: int) -> None:
        self._uri = uri
        self._descriptor = descriptor
        self._is_spliced = True

    @classmethod
    def open(cls, uri: str, path: os.PathLike[str]) -> FileHandle:
        """Raises OSError where there is no regular file at ``path``."""
        # O_NONBLOCK: a FIFO that took the file's place must not hold us up.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "is not a regular file", os.fspath(path))
        os.set_blocking(descriptor, True)
        return cls(uri, descriptor)

    def send(self, replies: Replies, unique: int, offset: int, size: int) -> None:
        # Few bytes are copied sooner than spliced.
        if size > _SMALL and self._is_spliced:
            try:
                self._is_spliced = replies.send_file(unique, self._descriptor, offset, size)
            except EOFError as error:
                raise self._changed() from error
            if self._is_spliced:
                return
        found = os.pread(self._descriptor, size, offset)
        if len(found) < size:
            raise self._changed()
        replies.send([reply_header(unique, size), found])

    def close(self) -> None:
        os.close(self._descriptor)

    def _changed(self) -> ObjectChangedError:
        return ObjectChangedError(
            self._uri, "became shorter since it was listed", "run again when it is at rest"
        )


class ReaderHandle:
    """An object that is read ahead."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def send(self, replies: Replies, unique: int, offset: int, size: int) -> None:
        with self._reader.views_at(offset, size) as views:
            replies.send([reply_header(unique, size), *views])

    def close(self) -> None:
        self._reader.close()
