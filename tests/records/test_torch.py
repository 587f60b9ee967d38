"""Tensors: they share the arrays' memory, sparse rows are torch's, text stays as it is."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from sm_container.records.batch import Batch, objects
from sm_container.records.csr import Csr

# CI has PyTorch, and there its absence is a failure.
torch = __import__("torch") if os.environ.get("CI") else pytest.importorskip("torch")


@pytest.mark.parametrize(
    "dtype", ["float32", "float64", "float16", "int32", "int64", "uint8", "bool"]
)
def test_numbers_share_their_memory(dtype: str) -> None:
    matrix = np.ones((2, 3), dtype)
    tensor = Batch({"features": matrix}).to_torch()["features"]

    assert tensor.numpy().dtype == matrix.dtype
    tensor[1, 2] = 0
    assert matrix[1, 2] == 0


def test_text_bytes_and_times_stay_as_they_are() -> None:
    columns = {
        "uid": objects(["a"]),
        "data": objects([b"a"]),
        "day": np.array(["2013-01-01"], "datetime64[D]"),
    }
    found = Batch(columns).to_torch()

    assert all(found[name] is column for name, column in columns.items())


def test_arrays_that_torch_cannot_share_are_copied() -> None:
    fixed = np.arange(3.0)
    fixed.flags.writeable = False
    columns = {"r": fixed, "s": np.arange(3, dtype=">i4"), "t": np.arange(3)[::-1]}
    found = Batch(columns).to_torch()

    assert [found[name].tolist() for name in "rst"] == [[0, 1, 2], [0, 1, 2], [2, 1, 0]]


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support is in beta")
def test_sparse_rows_are_a_sparse_tensor() -> None:
    rng = np.random.default_rng(5)
    dense = rng.random((30, 8)).astype(np.float32) * (rng.random((30, 8)) < 0.2)
    rows, indices = np.nonzero(dense)
    csr = Csr(dense[rows, indices], indices, np.searchsorted(rows, np.arange(31)), 8)
    tensor = Batch({"features": csr}).to_torch()["features"]

    assert tensor.layout == torch.sparse_csr
    np.testing.assert_array_equal(tensor.to_dense().numpy(), dense)
    assert tensor.values().data_ptr() == csr.data.ctypes.data
    assert (tensor @ torch.ones(8, 1)).shape == (30, 1)


def test_the_columns_of_a_sparse_row_are_put_in_order() -> None:
    csr = Csr(np.array([1.0, 2, 3]), np.array([4, 0, 2]), np.array([0, 0, 2, 3, 3]), 5)
    tensor = Batch({"features": csr}).to_torch()["features"]

    assert tensor.to_dense().tolist() == csr.to_dense().tolist()
    assert tensor.col_indices().tolist() == [0, 4, 2]


def test_without_torch_it_says_so() -> None:
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "import numpy as np\n"
        "from sm_container.records.batch import Batch\n"
        "from sm_container.records.errors import FormatError\n"
        "try: Batch({'a': np.zeros(1)}).to_torch()\n"
        "except FormatError as fault: print(fault)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout == "to_torch needs PyTorch, which is not here: pip install torch\n"
