"""A file of records, or the standard input, opened with the format that it is in."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sm_container.cli.recordio.guess import LOOK, guessed
from sm_container.records.errors import FormatError
from sm_container.records.format import Format
from sm_container.records.formats import format_of

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

INPUT = "the input"
"""What errors call the standard input."""


class Stream(io.RawIOBase):
    """A pipe, whose first bytes can be looked at before it is read; a read gives what there is."""

    def __init__(self, raw: io.FileIO) -> None:
        super().__init__()
        self._raw = raw
        self._ahead = b""
        self._count = 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        """How many bytes were read."""
        return self._count

    def peek(self, size: int) -> bytes:
        """The next bytes, as many as ``size`` where there are as many to come."""
        while len(self._ahead) < size and (more := self._raw.read(size - len(self._ahead))):
            self._ahead += more
        return self._ahead

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        if self._ahead:
            count = min(len(view), len(self._ahead))
            view[:count], self._ahead = self._ahead[:count], self._ahead[count:]
        else:
            count = self._raw.readinto(view) or 0
        self._count += count
        return count


@dataclass(frozen=True)
class Opened:
    """A source that stands at its first byte, what errors call it, and its format."""

    source: io.BufferedReader | Stream
    name: str
    format: Format

    def size(self) -> int:
        """The source's bytes, once it was read to its end."""
        is_file = self.source.seekable()
        return self.source.seek(0, os.SEEK_END) if is_file else self.source.tell()


@contextmanager
def opened(file: str, content_type: str | None) -> Iterator[Opened]:
    """Open a file, or the input for ``-``, which is read as it comes.

    Raises FormatError where its format is not known, or cannot be read from a stream.
    """
    if file != "-":
        with open(file, "rb") as source:
            yield Opened(source, file, _format(source, file, content_type))
        return
    descriptor = sys.stdin.fileno()
    if sys.stdin.seekable():
        with open(descriptor, "rb", closefd=False) as source:
            yield Opened(source, INPUT, _format(source, None, content_type))
        return
    with open(descriptor, "rb", buffering=0, closefd=False) as raw:
        stream = Stream(raw)
        form = _format(stream, None, content_type)
        if form.content_type == "application/x-parquet":
            raise FormatError("parquet is read from its end, which a pipe has not: name a file")
        yield Opened(stream, INPUT, form)


def _format(
    source: io.BufferedReader | Stream, name: str | None, content_type: str | None
) -> Format:
    return format_of(content_type) if content_type else guessed(name, source.peek(LOOK)[:LOOK])
