"""Sending a file that may be large, or may grow meanwhile, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

_STEP = 256 * 1024


def streamed(file: BinaryIO, size: int) -> Iterator[bytes]:
    """So many bytes of a file as were promised, and no more; it is closed afterwards."""
    with file:
        while size > 0 and (data := file.read(min(_STEP, size))):
            size -= len(data)
            yield data
