"""What the columns of a batch are for those who write them: numbers, sparse numbers or objects."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sm_container.records.errors import FormatError


def objects_of(name: str, column: NDArray[Any]) -> tuple[NDArray[Any], type[str] | type[bytes]]:
    """The column as objects that are all str or all bytes, or None, and which of the two.

    A row is one object, or bytes in one dimension with no None among them. Raises FormatError for
    any other object or shape.
    """
    column = column.astype(object) if column.dtype != object else column
    kinds = {type(value) for value in column.flat} - {type(None)}
    is_text = kinds <= {str}
    if not is_text and not all(_is_bytes(kind) for kind in kinds):
        raise FormatError(
            f"the column {name!r} holds objects of the type "
            f"{' and '.join(sorted(kind.__name__ for kind in kinds))}; a record holds text or "
            "bytes, or numbers in an array with a dtype of numbers"
        )
    if column.ndim > 2 or (column.ndim == 2 and is_text):
        raise FormatError(
            f"the column {name!r} has the shape {column.shape}; a record holds one text, or bytes "
            "in one dimension"
        )
    if column.ndim == 2 and any(value is None for value in column.flat):
        raise FormatError(f"the column {name!r} has rows of bytes with None in them")
    return column, str if is_text else bytes


def utf8_of(name: str, values: NDArray[Any]) -> list[bytes | None]:
    """The texts of a column as UTF-8; None stays. Raises FormatError for half of a surrogate pair,
    which JSON can bring."""
    try:
        return [None if value is None else value.encode() for value in values]
    except UnicodeEncodeError as fault:
        raise FormatError(f"the column {name!r} has text that is not UTF-8: {fault}") from fault


def _is_bytes(kind: type) -> bool:
    return issubclass(kind, (bytes, bytearray, memoryview))


def is_of_objects(column: NDArray[Any]) -> bool:
    """Whether the column holds text or bytes, and no numbers."""
    return column.dtype.kind in "OSUT"


def text_of(name: str, column: object) -> NDArray[Any]:
    """A column that has to be text, such as ``uid``. Raises FormatError where it is not."""
    if isinstance(column, np.ndarray) and column.ndim == 1 and is_of_objects(column):
        values, kind = objects_of(name, column)
        if kind is str:
            return values
    dtype = getattr(column, "dtype", type(column).__name__)
    raise FormatError(
        f"the column {name!r} is {dtype}, and {name} is a text of the record; make it str, or call "
        f"the column 'features:{name}' to write it as a feature"
    )
