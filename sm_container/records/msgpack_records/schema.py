"""What a msgpack record is made of, as docs/msgpack-records.md says it.

| key | value |
|---|---|
| ``features``, ``label`` | a map of names to tensors, bytes, texts, or arrays of bytes |
| ``uid``, ``metadata``, ``configuration`` | text |

A tensor is a map: ``dtype``, ``shape``, ``values``, and ``keys`` where it is sparse.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

DTYPE, SHAPE, VALUES, KEYS = "dtype", "shape", "values", "keys"
"""The keys of a tensor, in the order in which they are written."""

DTYPES = {
    dtype.str: dtype
    for dtype in map(
        np.dtype,
        ("|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8"),
    )
}
"""What numbers may be, by the name in the record, which is numpy's typestring."""


def keys_dtype(shape: tuple[int, ...]) -> np.dtype[Any]:
    """What the keys of a sparse tensor are: 4 bytes each, 8 where it has more than 2**32 places."""
    return np.dtype("<u4" if math.prod(shape) <= 1 << 32 else "<u8")
