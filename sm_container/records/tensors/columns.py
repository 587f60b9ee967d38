"""What the columns of a batch are for those who write them: numbers, sparse numbers or objects."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sm_container.records.errors import FormatError


def objects_of(name: str, column: NDArray[Any]) -> tuple[NDArray[Any], type[str] | type[bytes]]:
    """The column as objects that are all str or all bytes, or None, and which of the two.

    Raises FormatError for any other object.
    """
    column = column.astype(object) if column.dtype != object else column
    kinds = {type(value) for value in column.flat} - {type(None)}
    if kinds <= {str}:
        return column, str
    if all(issubclass(kind, (bytes, bytearray, memoryview)) for kind in kinds):
        return column, bytes
    raise FormatError(
        f"the column {name!r} holds objects of the type "
        f"{' and '.join(sorted(kind.__name__ for kind in kinds))}; a record holds text or bytes, "
        "or numbers in an array with a dtype of numbers"
    )


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
