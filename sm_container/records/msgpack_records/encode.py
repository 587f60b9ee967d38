"""From columns to payloads of msgpack, each byte as docs/msgpack-records.md fixes it."""

from __future__ import annotations

from typing import Any

import msgpack
import numpy as np
from numpy.typing import NDArray

from sm_container.records.batch import Batch, Column
from sm_container.records.csr import Csr
from sm_container.records.errors import FormatError
from sm_container.records.msgpack_records.schema import (
    DTYPE,
    DTYPES,
    KEYS,
    SHAPE,
    VALUES,
    keys_dtype,
)
from sm_container.records.tensors.columns import is_of_objects, objects_of, text_of
from sm_container.records.tensors.pieces import (
    Payloads,
    Piece,
    payloads_of,
    rows_of,
    sizes_of,
    split,
)
from sm_container.records.tensors.places import TEXTS, Place, Section, places_of


def encode(batch: Batch) -> Payloads:
    """A payload for each row: a matrix of uint8 where all have one length, else a list of bytes.

    Raises FormatError for what a record cannot hold, by the column's name and dtype.
    """
    places = places_of(batch)
    members: list[list[Piece]] = []
    for section in Section:
        inside = {place: name for place, name in places.items() if place.section is section}
        if not inside:
            continue
        key = msgpack.packb(section.value)
        if section in TEXTS:
            texts = text_of(section.value, batch[inside[Place(section)]])
            members.append([_with_key(key, _packed(section.value, texts))])
        else:
            entries = [_entry(place.name, name, batch[name]) for place, name in inside.items()]
            members.append([key, *_map(entries, batch.rows)])
    return payloads_of(_map(members, batch.rows), batch.rows)


def _map(members: list[list[Piece]], rows: int) -> list[Piece]:
    """A map of these members, of which a record may lack one: it is then a piece of no bytes."""
    counts = np.full(rows, len(members))
    for member in members:
        if len(member) == 1 and isinstance(member[0], list):
            counts -= np.fromiter(map(len, member[0]), np.int64, rows) == 0
    pieces = [piece for member in members for piece in member]
    header = msgpack.Packer().pack_map_header
    if (counts == len(members)).all():
        return [header(len(members)), *pieces]
    headers = {count: header(count) for count in set(counts.tolist())}
    return [[headers[count] for count in counts.tolist()], *pieces]


def _entry(key: str, name: str, column: Column) -> list[Piece]:
    """A member of ``features`` or ``label``."""
    head = msgpack.packb(key)
    if isinstance(column, np.ndarray) and is_of_objects(column):
        values, _ = objects_of(name, column)
        return [_with_key(head, _packed(name, values))]
    return [head, *_tensor(name, column)]


def _tensor(name: str, column: Column) -> list[Piece]:
    dtype = np.dtype(column.dtype).newbyteorder("<")
    if dtype.str not in DTYPES:
        raise FormatError(
            f"the column {name!r} is {column.dtype}, and a msgpack record holds "
            f"{', '.join(dtype.name for dtype in DTYPES.values())}; convert it with astype"
        )
    if not isinstance(column, Csr):
        values = rows_of(column, dtype)
        return [_head(dtype, column.shape[1:], 3), *_bin(values)]
    shape = (column.columns,)
    first, last = int(column.indptr[0]), int(column.indptr[-1])
    ends = np.cumsum(np.diff(column.indptr))
    of_keys = keys_dtype(shape)
    data = np.ascontiguousarray(column.data[first:last], dtype)
    keys = column.indices[first:last].astype(of_keys)
    return [
        _head(dtype, shape, 4),
        *_bin(split(data, ends * dtype.itemsize)),
        msgpack.packb(KEYS),
        *_bin(split(keys, ends * of_keys.itemsize)),
    ]


def _head(dtype: np.dtype[Any], shape: tuple[int, ...], members: int) -> bytes:
    """A tensor up to its values."""
    start: bytes = msgpack.Packer().pack_map_header(members)
    rest = (DTYPE, dtype.str, SHAPE, list(shape), VALUES)
    return start + b"".join(map(msgpack.packb, rest))


def _bin(values: Piece) -> list[Piece]:
    sizes = sizes_of([values])
    if isinstance(sizes, int):
        return [_bin_header(sizes), values]
    headers = {size: _bin_header(size) for size in set(sizes)}
    return [[headers[size] for size in sizes], values]


def _bin_header(size: int) -> bytes:
    """What stands before so many bytes; the library writes it with the bytes only."""
    if size < 1 << 8:
        return b"\xc4" + size.to_bytes(1, "big")
    if size < 1 << 16:
        return b"\xc5" + size.to_bytes(2, "big")
    return b"\xc6" + size.to_bytes(4, "big")


def _packed(name: str, values: NDArray[Any]) -> list[bytes | None]:
    """Each object as the library packs it, a row of them as an array; None stays."""
    try:
        return [
            None if value is None else msgpack.packb(list(value) if values.ndim == 2 else value)
            for value in values
        ]
    except UnicodeEncodeError as fault:
        raise FormatError(f"the column {name!r} has text that is not UTF-8: {fault}") from fault


def _with_key(key: bytes, values: list[bytes | None]) -> list[bytes]:
    return [b"" if value is None else key + value for value in values]
