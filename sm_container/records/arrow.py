"""Batches as Arrow tables and back. pyarrow is imported when it is first needed.

| a batch's column | its Arrow type |
|---|---|
| 1-D of numbers, truth values, times | the same |
| a matrix, or more dimensions | fixed-size lists |
| Csr | structs of ``indices`` and ``values``, the width in the field's metadata |
| objects: text, bytes, lists | strings, binary, lists |
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sm_container.records.batch import Batch, Column, objects
from sm_container.records.csr import Csr
from sm_container.records.errors import FormatError

if TYPE_CHECKING:
    import pyarrow as pa

_WIDTH = b"sm_container.columns"


def to_arrow(batch: Batch) -> pa.Table:
    """The batch as a table; numbers in one dimension share their memory.

    Raises FormatError without pyarrow, and for objects that are not all of one kind.
    """
    pa = pyarrow("to_arrow")
    arrays, fields = [], []
    for name, column in batch.items():
        if isinstance(column, Csr):
            array = _of_sparse(pa, column)
            metadata = {_WIDTH: str(column.columns).encode()}
        else:
            array, metadata = _of_dense(pa, name, column), None
        arrays.append(array)
        fields.append(pa.field(name, array.type, metadata=metadata))
    return pa.table(arrays, schema=pa.schema(fields))


def from_arrow(table: pa.Table | pa.RecordBatch, *, with_nulls: Iterable[str] = ()) -> Batch:
    """The table as arrays that own their memory.

    A null is nan among numbers, NaT among times, None among objects. So integers with a null
    become float64, as do the integer columns named in ``with_nulls`` without one, for a file whose
    other tables have them. Decimals become float64. Lists of numbers become a matrix where all
    are of one length, else objects, an array each.

    Raises FormatError for an integer beyond 2**53 beside a null, and for names given twice.
    """
    pa = pyarrow("from_arrow")
    names = table.schema.names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FormatError(f"several columns are called {', '.join(map(repr, twice))}")
    floats = frozenset(with_nulls)
    return Batch(
        {
            field.name: _column(pa, field, table.column(number), field.name in floats)
            for number, field in enumerate(table.schema)
        }
    )


def pyarrow(what: str) -> Any:
    """The module. Raises FormatError where it is not installed, saying what wants it."""
    try:
        import pyarrow as pa
    except ImportError as missing:
        raise FormatError(
            f"{what} needs pyarrow, which is not here: pip install 'sm-container[arrow]'"
        ) from missing
    return pa


def _of_dense(pa: Any, name: str, column: NDArray[Any]) -> Any:
    if column.ndim > 1:
        flat = _of_dense(pa, name, np.ascontiguousarray(column).reshape(-1))
        for length in reversed(column.shape[1:]):
            if length == 0:
                raise FormatError(
                    f"the column {name!r} is of the shape {column.shape}, and Arrow has no lists "
                    "of no values: leave it out"
                )
            flat = pa.FixedSizeListArray.from_arrays(flat, length)
        return flat
    try:
        return pa.array(column.tolist() if column.dtype == object else column)
    except (pa.ArrowException, TypeError, OverflowError, UnicodeEncodeError) as fault:
        raise FormatError(f"the column {name!r} cannot be an Arrow array: {fault}") from fault


def _of_sparse(pa: Any, column: Csr) -> Any:
    offsets = pa.array(column.indptr)
    return pa.StructArray.from_arrays(
        [
            pa.LargeListArray.from_arrays(offsets, pa.array(column.indices)),
            pa.LargeListArray.from_arrays(offsets, pa.array(column.data)),
        ],
        ["indices", "values"],
    )


def _column(pa: Any, field: Any, column: Any, as_float: bool) -> Column:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if field.metadata and _WIDTH in field.metadata and pa.types.is_struct(field.type):
        return _sparse(array, field)
    return _dense(pa, field.name, array, as_float)


def _sparse(array: Any, field: Any) -> Csr:
    if array.null_count:
        raise FormatError(f"the sparse column {field.name!r} has rows that are null")
    indices, values = array.field("indices"), array.field("values")
    offsets = np.asarray(indices.offsets).astype(np.int64)
    if not np.array_equal(
        offsets - offsets[0], np.asarray(values.offsets) - values.offsets[0].as_py()
    ):
        raise FormatError(f"the sparse column {field.name!r} has rows of more indices than values")
    return Csr(
        np.array(values.flatten()),
        np.array(indices.flatten(), np.int64),
        offsets - offsets[0],
        int(field.metadata[_WIDTH]),
    )


def _dense(pa: Any, name: str, array: Any, as_float: bool = False) -> NDArray[Any]:
    types, kind = pa.types, array.type
    if isinstance(array, pa.ExtensionArray):
        return _dense(pa, name, array.storage, as_float)
    if types.is_dictionary(kind):
        return _dense(pa, name, array.dictionary_decode(), as_float)
    if types.is_decimal(kind):
        return _dense(pa, name, array.cast(pa.float64(), safe=False))
    if types.is_integer(kind) and (array.null_count or as_float):
        return _dense(pa, name, _as_floats(pa, name, array))
    if _is_list(pa, kind):
        return _lists(pa, name, array)
    plain = types.is_floating(kind) or types.is_integer(kind)
    if plain or types.is_timestamp(kind) or types.is_date(kind) or types.is_duration(kind):
        return np.array(array.to_numpy(zero_copy_only=False))
    if types.is_boolean(kind) and not array.null_count:
        return np.array(array.to_numpy(zero_copy_only=False))
    return _as_objects(name, array)


def _as_floats(pa: Any, name: str, array: Any) -> Any:
    try:
        return array.cast(pa.float64())
    except pa.ArrowInvalid as fault:
        raise FormatError(
            f"the column {name!r} has nulls, which only float64 can hold as nan, "
            f"and integers that float64 cannot hold: {fault}"
        ) from fault


def _lists(pa: Any, name: str, array: Any) -> NDArray[Any]:
    inner = array.type.value_type
    of_numbers = pa.types.is_primitive(inner) or _is_list(pa, inner)
    if not array.null_count and len(array) and of_numbers:
        lengths = _lengths(pa, array)
        if lengths[0] and (lengths == lengths[0]).all():
            values = _dense(pa, name, array.flatten())
            if values.dtype != object:
                return values.reshape(len(array), int(lengths[0]), *values.shape[1:])
    if pa.types.is_primitive(inner):
        rows = [array[number] for number in range(len(array))]
        return objects([_dense(pa, name, row.values) if row.is_valid else None for row in rows])
    return _as_objects(name, array)


def _is_list(pa: Any, kind: Any) -> bool:
    types = pa.types
    return bool(types.is_fixed_size_list(kind) or types.is_list(kind) or types.is_large_list(kind))


def _as_objects(name: str, array: Any) -> NDArray[Any]:
    try:
        return objects(array.to_pylist())
    except (ValueError, OverflowError) as fault:
        raise FormatError(f"the column {name!r} has what Python cannot hold: {fault}") from fault


def _lengths(pa: Any, array: Any) -> NDArray[np.int64]:
    if pa.types.is_fixed_size_list(array.type):
        return np.full(len(array), array.type.list_size, np.int64)
    lengths: NDArray[np.int64] = array.value_lengths().to_numpy().astype(np.int64)
    return lengths
