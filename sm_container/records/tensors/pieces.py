"""Payloads put together from pieces, for all records of a batch at once.

A piece is bytes that every record has, a matrix of uint8 with a row a record, or a list with bytes
for each record. As long as no piece is a list the payloads are a matrix, made by copying columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Piece: TypeAlias = "bytes | NDArray[np.uint8] | list[bytes]"
Payloads: TypeAlias = "NDArray[np.uint8] | list[bytes]"


def rows_of(column: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[np.uint8]:
    """The numbers of each row as bytes, of this little-endian dtype."""
    flat = np.ascontiguousarray(column, dtype).reshape(len(column), -1)
    return flat.view(np.uint8) if flat.shape[1] else np.empty((len(column), 0), np.uint8)


def split(blob: NDArray[Any], ends: NDArray[np.int64]) -> list[bytes]:
    """The bytes of an array, cut into a piece a record at these byte positions."""
    whole, stops = blob.tobytes(), ends.tolist()
    return [whole[start:stop] for start, stop in zip([0, *stops[:-1]], stops, strict=True)]


def sizes_of(pieces: Sequence[Piece]) -> int | list[int]:
    """The bytes of each record; one number where all have as many."""
    if not any(isinstance(piece, list) for piece in pieces):
        return sum(_width(piece) for piece in pieces)
    columns = [map(len, piece) for piece in pieces if isinstance(piece, list)]
    fixed = sum(_width(piece) for piece in pieces if not isinstance(piece, list))
    return [fixed + sum(sizes) for sizes in zip(*columns, strict=True)]


def payloads_of(pieces: Sequence[Piece], rows: int) -> Payloads:
    """The pieces of each record one after another."""
    if any(isinstance(piece, list) for piece in pieces):
        return joined(pieces, rows)
    width = sum(_width(piece) for piece in pieces)
    matrix = np.empty((rows, width), np.uint8)
    at = 0
    for piece in pieces:
        stop = at + _width(piece)
        matrix[:, at:stop] = np.frombuffer(piece, np.uint8) if isinstance(piece, bytes) else piece
        at = stop
    return matrix


def joined(pieces: Sequence[Piece], rows: int) -> list[bytes]:
    """The pieces of each record one after another, as bytes objects."""
    return list(map(b"".join, zip(*(_each(piece, rows) for piece in pieces), strict=True)))


def _width(piece: Piece) -> int:
    return piece.shape[1] if isinstance(piece, np.ndarray) else len(piece)


def _each(piece: Piece, rows: int) -> Iterator[bytes]:
    if isinstance(piece, bytes):
        return repeat(piece, rows)
    if isinstance(piece, list):
        return iter(piece)
    return iter(split(piece, np.arange(1, rows + 1) * piece.shape[1]))
