"""What some records hold for one column: their numbers end to end, or their objects."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sm_container.records.csr import Csr
from sm_container.records.errors import RecordError

LARGEST_RANK = 31
"""The most dimensions of a tensor: one below what every numpy can hold, for the rows."""


@dataclass(frozen=True, eq=False)
class Numbers:
    """One tensor a record: ``values`` as they are in a Cut, ``counts`` of them in each record.

    ``keys`` are the columns of sparse tensors, None for dense ones. ``shape`` is every tensor's,
    None where the records do not say it; that of a sparse one is its width.
    """

    values: NDArray[Any]
    counts: NDArray[np.int64]
    shape: tuple[int, ...] | None = None
    keys: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def width(self) -> int | None:
        return None if self.shape is None else math.prod(self.shape)

    @property
    def flat(self) -> NDArray[Any]:
        """The values end to end, in memory of their own."""
        return self.values if self.values.ndim == 1 else self.values.flatten()

    def take(self, order: NDArray[np.int64]) -> Numbers:
        """The records of these numbers, in this order."""
        ends = np.cumsum(self.counts)
        keys = np.zeros(self.values.size, np.int64) if self.keys is None else self.keys
        rows = Csr(self.flat, keys, np.concatenate(([0], ends)), 0).take(order)
        return Numbers(
            rows.data,
            self.counts[order],
            self.shape,
            None if self.keys is None else rows.indices,
        )


@dataclass(frozen=True, eq=False)
class Objects:
    """One object a record, text or bytes, or a row of them: an array of objects.

    None stands for a record without.
    """

    values: NDArray[Any]
    kind: type[str] | type[bytes]

    def __len__(self) -> int:
        return len(self.values)

    def take(self, order: NDArray[np.int64]) -> Objects:
        """The records of these numbers, in this order."""
        return Objects(self.values[order], self.kind)


Part: TypeAlias = Numbers | Objects


@dataclass(frozen=True, eq=False)
class Group:
    """Records that were read in one go: their numbers in the block, and a part for each column."""

    rows: NDArray[np.int64]
    parts: dict[str, Part]

    def take(self, order: NDArray[np.int64]) -> Group:
        """The records of these numbers within the group."""
        return Group(
            self.rows[order], {name: part.take(order) for name, part in self.parts.items()}
        )


def checked_shape(dimensions: list[int]) -> tuple[int, ...]:
    """A tensor's shape. Raises RecordError for one that no array can have."""
    if len(dimensions) > LARGEST_RANK:
        raise RecordError(f"a tensor of {len(dimensions)} dimensions; {LARGEST_RANK} is the most")
    # numpy multiplies the others even where one of them is 0 and nothing is there.
    most = 1 << 31 if 0 in dimensions else 1 << 63
    if any(size < 0 for size in dimensions) or math.prod(filter(None, dimensions)) >= most:
        raise RecordError(f"no tensor has the shape {dimensions}")
    return tuple(dimensions)
