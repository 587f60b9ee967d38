"""From columns to payloads of recordio-protobuf, byte for byte as the service's SDK writes them.

A dense tensor of more than one dimension has its shape, as every sparse one has. The SDK leaves out
that of a plain row, and so do we.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sm_container.records.batch import Batch, Column
from sm_container.records.csr import Csr
from sm_container.records.errors import FormatError
from sm_container.records.protobuf.schema import (
    BYTES,
    BYTES_CONTENT_TYPE,
    BYTES_VALUE,
    ENTRY_KEY,
    ENTRY_VALUE,
    FLOAT32,
    FLOAT64,
    INT32,
    KEYS,
    SECTIONS,
    SHAPE,
    TEXT,
    VALUES,
    Kind,
)
from sm_container.records.protobuf.varints import encode_varints, varint
from sm_container.records.protobuf.wire import LENGTH
from sm_container.records.tensors.columns import is_of_objects, objects_of, text_of, utf8_of
from sm_container.records.tensors.pieces import (
    Payloads,
    Piece,
    joined,
    payloads_of,
    rows_of,
    sizes_of,
    split,
)
from sm_container.records.tensors.places import TEXTS, places_of

_HOLDS = {
    **dict.fromkeys(("bool", "int8", "uint8", "int16", "uint16", "int32"), INT32),
    **dict.fromkeys(("float16", "float32"), FLOAT32),
    "float64": FLOAT64,
}


def encode(batch: Batch) -> Payloads:
    """A payload for each row: a matrix of uint8 where all have one length, else a list of bytes.

    Raises FormatError for what a record cannot hold without loss, by the column's name and dtype.
    """
    pieces: list[Piece] = []
    for place, name in places_of(batch).items():
        column = batch[name]
        number = SECTIONS[place.section]
        if place.section in TEXTS:
            pieces.append(_optional(number, utf8_of(name, text_of(name, column))))
            continue
        key = place.name.encode("utf-8")
        entry = _delimited(ENTRY_KEY, [key])
        if isinstance(column, np.ndarray) and is_of_objects(column):
            pieces.append(_objects(number, entry, name, column))
        else:
            tensor = _delimited(*_tensor(name, column))
            value = _delimited(ENTRY_VALUE, tensor)
            pieces += _delimited(number, [*entry, *value])
    return payloads_of(pieces, batch.rows)


def _tensor(name: str, column: Column) -> tuple[int, list[Piece]]:
    """The field of Value that the column is, and the message in it."""
    if column.dtype.newbyteorder("=").name not in _HOLDS:
        raise FormatError(
            f"the column {name!r} is {column.dtype}, which recordio-protobuf cannot hold without "
            "loss: it has float32, float64 and int32; where the numbers fit into one of these, "
            "convert the column with astype first, or write msgpack records"
        )
    kind = _HOLDS[column.dtype.newbyteorder("=").name]
    if isinstance(column, Csr):
        return kind.number, _sparse(column, kind)
    message = _packed(VALUES, _values(column, kind))
    if column.ndim > 2:
        message += _shape(column.shape[1:])
    return kind.number, message


def _sparse(column: Csr, kind: Kind) -> list[Piece]:
    first, last = int(column.indptr[0]), int(column.indptr[-1])
    counts = np.diff(column.indptr)
    data = column.data[first:last]
    if kind.size:
        little = np.ascontiguousarray(data, kind.dtype)
        values = split(little, np.cumsum(counts) * kind.size)
    else:
        values = _varints(data, counts)
    return [
        *_packed(VALUES, values),
        *_packed(KEYS, _varints(column.indices[first:last], counts)),
        *_shape((column.columns,)),
    ]


def _values(column: NDArray[Any], kind: Kind) -> Piece:
    if kind.size:
        return rows_of(column, kind.dtype)
    flat = column.reshape(len(column), -1)
    if flat.size and flat.min() >= 0 and flat.max() < 0x80:
        return flat.astype(np.uint8)
    return _varints(flat.ravel(), np.full(len(flat), flat.shape[1]))


def _varints(numbers: NDArray[Any], counts: NDArray[np.int64]) -> list[bytes]:
    """The numbers of each record; a negative one takes ten bytes, as in protocol buffers."""
    encoded, sizes = encode_varints(numbers.astype(np.int64).view(np.uint64))
    ends = np.concatenate(([0], np.cumsum(sizes)))
    return split(encoded, ends[np.cumsum(counts)])


def _shape(dimensions: tuple[int, ...]) -> list[Piece]:
    return _delimited(SHAPE, [b"".join(map(varint, dimensions))])


def _objects(number: int, entry: list[Piece], name: str, column: NDArray[Any]) -> Piece:
    """Entries of bytes or text; a record has none where the object is None."""
    values, kind = objects_of(name, column)
    rows = len(values)
    columns = [values] if values.ndim == 1 else list(values.T)
    blobs = [
        _optional(BYTES_VALUE, utf8_of(name, some) if kind is str else _plain(some))
        for some in columns
    ]
    tail = _delimited(BYTES_CONTENT_TYPE, [TEXT]) if kind is str else []
    message = _delimited(BYTES, [*blobs, *tail])
    whole = _delimited(number, [*entry, *_delimited(ENTRY_VALUE, message)])
    if values.ndim == 2:
        return joined(whole, rows)
    made = joined(whole, rows)
    return [b"" if value is None else record for value, record in zip(values, made, strict=True)]


def _plain(values: NDArray[Any]) -> list[bytes | None]:
    return [None if value is None else bytes(value) for value in values]


def _optional(number: int, values: list[bytes | None]) -> list[bytes]:
    """A field with these bytes where there are any."""
    tag = varint(number << 3 | LENGTH)
    return [b"" if value is None else tag + varint(len(value)) + value for value in values]


def _packed(number: int, values: Piece) -> list[Piece]:
    """A repeated field, which a record without values has not."""
    if isinstance(values, list):
        return [_optional(number, [value or None for value in values])]
    return _delimited(number, [values]) if sizes_of([values]) else []


def _delimited(number: int, message: list[Piece]) -> list[Piece]:
    """A field whose value is the message."""
    tag = varint(number << 3 | LENGTH)
    sizes = sizes_of(message)
    if isinstance(sizes, int):
        return [tag + varint(sizes), *message]
    heads = {size: tag + varint(size) for size in set(sizes)}
    return [[heads[size] for size in sizes], *message]
