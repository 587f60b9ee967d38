"""Batches as PyTorch tensors. torch is imported when it is first needed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sm_container.records.batch import Batch
from sm_container.records.csr import Csr
from sm_container.records.errors import FormatError


def to_torch(batch: Batch) -> dict[str, Any]:
    """The columns by name: tensors where there are numbers or truth values, else the array itself.

    A tensor shares its array's memory, but for a read-only array, one in another byte order and a
    sparse one whose rows are not in the order of their columns, which are copied first.

    Raises FormatError without torch.
    """
    try:
        import torch
    except ImportError as missing:
        raise FormatError(
            "to_torch needs PyTorch, which is not here: pip install torch"
        ) from missing
    return {
        name: _sparse(torch, column) if isinstance(column, Csr) else _dense(torch, column)
        for name, column in batch.items()
    }


def _dense(torch: Any, column: NDArray[Any]) -> Any:
    if column.dtype.kind not in "biufc" or column.dtype.itemsize > 16:
        return column
    if column.dtype.kind in "fc" and column.dtype == np.longdouble != np.float64:
        return column
    array = np.require(column, column.dtype.newbyteorder("="), ["W"])
    return torch.from_numpy(array if min(array.strides, default=0) >= 0 else array.copy())


def _sparse(torch: Any, column: Csr) -> Any:
    data, indices = column.data, column.indices
    ascending = np.diff(indices) > 0
    starts = column.indptr[1:-1]
    ascending[starts[(starts > 0) & (starts < len(indices))] - 1] = True
    if not ascending.all():
        data, indices = _in_order(column)
    return torch.sparse_csr_tensor(
        _dense(torch, column.indptr),
        _dense(torch, indices),
        _dense(torch, data),
        size=column.shape,
        check_invariants=False,
    )


def _in_order(column: Csr) -> tuple[NDArray[Any], NDArray[np.int64]]:
    rows = np.repeat(np.arange(len(column)), np.diff(column.indptr))
    order = np.lexsort((column.indices, rows))
    return column.data[order], column.indices[order]
