"""Files that lie in S3 packed with gzip: Pipe mode unpacks them on the way, other modes do not.

Source: CreateTrainingJob, CompressionType: "can have a value of Gzip only in Pipe mode".
"""

from __future__ import annotations

import gzip
import io
import zlib
from typing import TYPE_CHECKING, BinaryIO, cast

from sm_container.records.errors import RecordError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

SUFFIXES = (".gz", ".gzip")


def is_gzip(name: str) -> bool:
    """Whether a name says so."""
    return name.lower().endswith(SUFFIXES)


def unpacked_name(name: str) -> str:
    """The name without the suffix that says so."""
    return name[: name.rindex(".")] if is_gzip(name) else name


class Gunzipped(io.RawIOBase):
    """The unpacked bytes of a packed source, which stays the caller's to close."""

    def __init__(self, source: io.RawIOBase, name: str) -> None:
        super().__init__()
        self._file = gzip.GzipFile(fileobj=cast(BinaryIO, source))
        self._name = name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill the buffer. Raises RecordError for what is no gzip, or is cut off."""
        try:
            return self._file.readinto(buffer)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise RecordError(f"cannot be unpacked: {error}", source=self._name) from error
