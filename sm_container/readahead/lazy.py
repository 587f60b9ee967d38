"""An object as a file: nothing is read until asked for, and then ahead."""

from __future__ import annotations

import io
import os

from sm_container.readahead.reader import Reader


class LazyFile(io.RawIOBase):
    """A seekable binary file over a `Reader`, fit for `io.BufferedReader`.

    It owns the reader: closing it closes the reader. Pickled, it is opened anew at its place.
    """

    def __init__(self, reader: Reader, name: str = "", position: int = 0) -> None:
        super().__init__()
        self._reader = reader
        self._position = position
        self.name = name

    def __reduce__(self) -> tuple[object, ...]:
        if self.closed:
            raise ValueError("a closed file cannot be pickled")
        return LazyFile, (self._reader, self.name, self._position)

    @property
    def size(self) -> int:
        """Its bytes."""
        return self._reader.size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        self._require_open()
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._require_open()
        bases = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}
        if whence not in bases:
            raise ValueError(f"whence is {whence}: give 0, 1 or 2")
        position = bases[whence] + offset
        if position < 0:
            raise ValueError(f"a position of {position} is before the file")
        self._position = position
        return position

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        self._require_open()
        with memoryview(buffer) as whole, whole.cast("B") as view:
            count = self._reader.readinto_at(self._position, view)
        self._position += count
        return count

    def readall(self) -> bytes:
        self._require_open()
        found = self._reader.read_at(self._position, max(0, self.size - self._position))
        self._position += len(found)
        return found

    def close(self) -> None:
        if not self.closed:
            try:
                super().close()
            finally:
                self._reader.close()

    def _require_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on a closed file")
