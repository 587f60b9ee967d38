"""The messages of recordio-protobuf: field numbers, and what a tensor's numbers are.

Source: the service's record.proto, package aialgs.data (proto2): Record, Value, Float32Tensor,
Float64Tensor, Int32Tensor, Bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sm_container.records.protobuf.wire import FIXED32, FIXED64, VARINT
from sm_container.records.tensors.places import Section

RECORD = {
    1: Section.FEATURES,
    2: Section.LABEL,
    3: Section.UID,
    4: Section.METADATA,
    5: Section.CONFIGURATION,
}
SECTIONS = {section: number for number, section in RECORD.items()}

ENTRY_KEY, ENTRY_VALUE = 1, 2
"""The fields of an entry of ``features`` or ``label``: its name, and its Value."""

BYTES = 9
"""The field of Value that is bytes and no tensor."""
BYTES_VALUE, BYTES_CONTENT_TYPE = 1, 2
TEXT = b"text/plain; charset=utf-8"
"""The content type by which text is known from other bytes."""

VALUES, KEYS, SHAPE = 1, 2, 3
"""The fields of each tensor."""


@dataclass(frozen=True)
class Kind:
    """A field of Value that is a tensor, and what its numbers are."""

    number: int
    dtype: np.dtype[Any]
    wire: int

    @property
    def size(self) -> int:
        """The bytes of a number on the wire; 0 for varints."""
        return 0 if self.wire == VARINT else self.dtype.itemsize


FLOAT32 = Kind(2, np.dtype("<f4"), FIXED32)
FLOAT64 = Kind(3, np.dtype("<f8"), FIXED64)
INT32 = Kind(7, np.dtype("<i4"), VARINT)
KINDS = {kind.number: kind for kind in (FLOAT32, FLOAT64, INT32)}
