"""One msgpack record, unpacked by the msgpack library and held against the schema."""

from __future__ import annotations

import math
import reprlib
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgpack
import numpy as np

from sm_container.records.errors import RecordError
from sm_container.records.msgpack_records.schema import (
    DTYPE,
    DTYPES,
    KEYS,
    SHAPE,
    VALUES,
    keys_dtype,
)
from sm_container.records.tensors.cuts import BYTES, Span
from sm_container.records.tensors.parts import checked_shape
from sm_container.records.tensors.places import TEXTS, Place, Section, column_of

_LONGEST = 40
_MAPS = (0xDE, 0xDF)
_ARRAYS = (0xDC, 0xDD)


@dataclass(frozen=True)
class TensorForm:
    """What tensors have in common that can be read as one."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    is_sparse: bool


@dataclass(frozen=True)
class BlobForm:
    """Text, or so many bytes values; ``count`` is None for one that is in no array."""

    is_text: bool
    count: int | None = None


Form: TypeAlias = "tuple[tuple[str, TensorForm | BlobForm], ...]"
"""The columns of a record, in its order, and what each is."""


def parse(payload: bytes) -> tuple[Form, list[bytes]]:
    """The form of a record, and its pieces: for each column its bytes, for a sparse one its keys
    after them.

    Raises RecordError for what is no record. Nothing larger than the payload is allocated.
    """
    record = _unpacked(payload)
    form: list[tuple[str, TensorForm | BlobForm]] = []
    pieces: list[bytes] = []
    for section in Section:
        if section.value not in record:
            continue
        held = record[section.value]
        if section in TEXTS:
            if not isinstance(held, str):
                raise RecordError(f"{section.value!r} is {_called(held)}, and should be text")
            form.append((section.value, BlobForm(is_text=True)))
            pieces.append(held.encode("utf-8"))
            continue
        if not isinstance(held, dict):
            raise RecordError(f"{section.value!r} is {_called(held)}, and should be a map")
        for name, value in held.items():
            if not isinstance(name, str):
                raise RecordError(f"a name in {section.value!r} is no text: {_cut(name)}")
            column = column_of(Place(section, name))
            form.append((column, _form_of(column, value, pieces)))
    return tuple(form), pieces


def spans_of(payload: bytes, form: Form, pieces: list[bytes]) -> list[Span] | None:
    """Where the pieces of a record lie, one by one; None where keys are given twice.

    ``form`` and ``pieces`` are what `parse` made of it.
    """
    found: dict[tuple[str, str], tuple[int, int]] = {}
    unpacker = msgpack.Unpacker(max_buffer_size=len(payload))
    unpacker.feed(payload)
    for _ in range(unpacker.read_map_header()):
        section = unpacker.unpack()
        if section not in (Section.FEATURES.value, Section.LABEL.value):
            blob = unpacker.unpack()
            if section in [text.value for text in TEXTS]:
                end = unpacker.tell()
                found[section, VALUES] = end - len(blob.encode("utf-8")), end
            continue
        for _ in range(unpacker.read_map_header()):
            column = column_of(Place(Section(section), unpacker.unpack()))
            _find(unpacker, payload, column, found)
    wanted = [
        (column, key)
        for column, kind in form
        for key in (
            (VALUES, KEYS) if isinstance(kind, TensorForm) and kind.is_sparse else _keys(kind)
        )
    ]
    spans = [Span(*found[place], _dtype(dict(form)[place[0]], place[1])) for place in wanted]
    is_whole = len(spans) == len(pieces) and all(
        payload[span.start : span.stop] == piece for span, piece in zip(spans, pieces, strict=True)
    )
    return spans if is_whole and len(found) == len(wanted) else None


def _find(
    unpacker: Any, payload: bytes, column: str, found: dict[tuple[str, str], tuple[int, int]]
) -> None:
    """Unpack the value of a column, and note where its bytes lie."""
    first = payload[unpacker.tell()]
    if first & 0xF0 == 0x80 or first in _MAPS:
        for _ in range(unpacker.read_map_header()):
            key = unpacker.unpack()
            _note(unpacker, (column, key), found)
    elif first & 0xF0 == 0x90 or first in _ARRAYS:
        for number in range(unpacker.read_array_header()):
            _note(unpacker, (column, str(number)), found)
    else:
        _note(unpacker, (column, VALUES), found)


def _note(unpacker: Any, place: tuple[str, str], found: dict[tuple[str, str], Any]) -> None:
    value = unpacker.unpack()
    end = unpacker.tell()
    if isinstance(value, bytes) or (isinstance(value, str) and place[1] == VALUES):
        size = len(value if isinstance(value, bytes) else value.encode("utf-8"))
        found[place] = end - size, end


def _keys(kind: TensorForm | BlobForm) -> tuple[str, ...]:
    if isinstance(kind, BlobForm) and kind.count is not None:
        return tuple(map(str, range(kind.count)))
    return (VALUES,)


def _dtype(kind: TensorForm | BlobForm, key: str) -> np.dtype[Any]:
    if isinstance(kind, BlobForm):
        return BYTES
    return keys_dtype(kind.shape) if key == KEYS else kind.dtype


def _unpacked(payload: bytes) -> dict[Any, Any]:
    most = len(payload)
    try:
        record = msgpack.unpackb(
            payload,
            max_str_len=most,
            max_bin_len=most,
            max_array_len=most,
            max_map_len=most,
            max_ext_len=most,
        )
    except ValueError as error:  # every error of the library, and UnicodeDecodeError, is one
        raise RecordError(f"it is no msgpack: {error or type(error).__name__}") from error
    if not isinstance(record, dict):
        raise RecordError(f"it is {_called(record)}, and should be a map")
    return record


def _form_of(column: str, value: object, pieces: list[bytes]) -> TensorForm | BlobForm:
    if isinstance(value, dict):
        return _tensor(column, value, pieces)
    if isinstance(value, str):
        pieces.append(value.encode("utf-8"))
        return BlobForm(is_text=True)
    if isinstance(value, bytes):
        pieces.append(value)
        return BlobForm(is_text=False)
    if isinstance(value, list) and all(isinstance(item, bytes) for item in value):
        pieces += value
        return BlobForm(is_text=False, count=len(value))
    raise RecordError(
        f"{column!r} is {_called(value)}, and should be a tensor, bytes, text or an array of bytes"
    )


def _tensor(column: str, tensor: dict[Any, Any], pieces: list[bytes]) -> TensorForm:
    said = tensor.get(DTYPE)
    dtype = DTYPES.get(said) if isinstance(said, str) else None
    if dtype is None:
        raise RecordError(f"{column!r} has the dtype {_cut(said)}; known are {', '.join(DTYPES)}")
    dimensions = tensor.get(SHAPE)
    if not isinstance(dimensions, list) or not all(type(size) is int for size in dimensions):
        raise RecordError(f"{column!r} has the shape {_cut(dimensions)}, and no array of integers")
    shape = checked_shape(dimensions)
    values, keys = tensor.get(VALUES), tensor.get(KEYS)
    if not isinstance(values, bytes) or not (keys is None or isinstance(keys, bytes)):
        raise RecordError(f"{column!r} has values or keys that are not bin")
    count = len(values) // dtype.itemsize
    if count * dtype.itemsize != len(values):
        raise RecordError(f"{column!r} has {len(values)} bytes of values, no whole {dtype.name}s")
    pieces.append(values)
    if keys is None:
        if count != math.prod(shape):
            raise RecordError(f"{column!r} has {count} values, and its shape is {dimensions}")
        return TensorForm(dtype, shape, is_sparse=False)
    size = keys_dtype(shape).itemsize
    if len(keys) != count * size:
        raise RecordError(
            f"{column!r} has {count} values and {len(keys)} bytes of keys, which have {size} each"
        )
    pieces.append(keys)
    return TensorForm(dtype, shape, is_sparse=True)


def _cut(value: object) -> str:
    """What a record says, as far as a message has room for it."""
    said = reprlib.repr(value)
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}..."


def _called(value: object) -> str:
    return {
        dict: "a map", list: "an array", str: "text", bytes: "bin", int: "an integer",
        float: "a float", bool: "a truth value", type(None): "nil",
    }.get(type(value), "an extension")  # fmt: skip
