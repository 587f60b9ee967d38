"""The values of JSON fields as arrays: from Python's values, or from lines by pyarrow at once.

pyarrow reads small records eight times as fast as Python's json, and lists of numbers twice. It
reads what has the types that were seen before, and leaves the rest to the other way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sm_container.records.arrow import from_arrow
from sm_container.records.batch import objects

OBJECTS = "objects"
_LISTS = {"int64": "int64[]", "float64": "float64[]"}
_WIDER = {("float64", "int64"), ("float64[]", "int64[]")}
_BEGIN = re.compile(rb"[ \t\r\n]*\{")
_BETWEEN = re.compile(rb"\}[ \t\r]*\n[ \t\r\n]*\{")


def column(values: Sequence[Any], before: str | None = None) -> NDArray[Any]:
    """The values of one field as an array, None being what a record has not.

    ``before`` is the kind of the column so far: among floats integers are floats, and nulls alone
    are None where there was anything else than numbers.
    """
    found = _column(values)
    if before not in (None, "int64", "float64") and all(value is None for value in values):
        return objects(list(values))
    if before is not None and (before, kind_of(found)) in _WIDER:
        return found.astype(np.float64)
    return found


def kind_of(found: NDArray[Any]) -> str:
    """What a column is: ``int64``, ``float64``, ``bool``, ``text``, lists of numbers, objects."""
    if found.dtype == object:
        kinds = set(map(type, found))
        return "text" if str in kinds and kinds <= {str, type(None)} else OBJECTS
    name = str(found.dtype)
    if found.ndim == 2:
        return _LISTS.get(name, OBJECTS)
    return name if found.ndim == 1 and name in ("int64", "float64", "bool") else OBJECTS


def by_arrow(
    block: bytes, kinds: Mapping[str, str], *, ignores_others: bool
) -> dict[str, NDArray[Any]] | None:
    """The lines of the block as columns of these kinds; None where pyarrow cannot say so.

    Fields of other names are ignored, or make it None.
    """
    import pyarrow as pa
    import pyarrow.json as pj

    # A null in the place of the first object is more than pyarrow's reader survives.
    if not kinds or OBJECTS in kinds.values() or not _BEGIN.match(block):
        return None
    types = {
        "int64": pa.int64(),
        "float64": pa.float64(),
        "bool": pa.bool_(),
        "text": pa.string(),
        "int64[]": pa.list_(pa.int64()),
        "float64[]": pa.list_(pa.float64()),
    }
    options = pj.ParseOptions(
        explicit_schema=pa.schema([(name, types[kind]) for name, kind in kinds.items()]),
        unexpected_field_behavior="ignore" if ignores_others else "error",
    )
    reading = pj.ReadOptions(use_threads=False, block_size=len(block) + 1)
    try:
        table = pj.read_json(pa.BufferReader(block), reading, options)
        found = from_arrow(table.select(list(kinds)))
    except (pa.ArrowException, ValueError, KeyError):
        return None
    # An object may span lines for pyarrow, a line may have several, and null is one without
    # fields: such are left to the other way.
    if table.num_rows != _lines(block):
        return None
    columns = {name: np.asarray(found[name]) for name in kinds}
    for name, kind in kinds.items():
        if kind.endswith("[]") and columns[name].ndim != 2:
            return None
    return columns


def _lines(block: bytes) -> int | None:
    """How many lines it has, blank ones aside; None where a line may end within an object."""
    plain = block.count(b"}\n{")
    newlines = block.count(b"\n")
    if plain + block.endswith(b"\n") == newlines:
        return 1 + plain
    ends = _BETWEEN.findall(block)
    around = newlines - block.strip().count(b"\n")
    return 1 + len(ends) if sum(end.count(b"\n") for end in ends) + around == newlines else None


def _column(values: Sequence[Any]) -> NDArray[Any]:
    kinds = set(map(type, values))
    try:
        if kinds == {bool}:
            return np.array(values, bool)
        if kinds == {int}:
            return np.array(values, np.int64)
        if kinds <= {int, float, type(None)}:
            return np.array(values, np.float64)
    except OverflowError:
        return objects(list(values))
    if kinds == {list}:
        found = _matrix(values)
        if found is not None:
            return found
    return objects(list(values))


def _matrix(values: Sequence[Any]) -> NDArray[Any] | None:
    """Lists of numbers of one length as a matrix; null is nan there."""
    try:
        found = np.array(values)
        if found.dtype == object:
            found = np.array(values, np.float64)
    except (ValueError, TypeError, OverflowError):
        return None
    return found if found.dtype.kind in "biuf" and found.shape[1] else None
