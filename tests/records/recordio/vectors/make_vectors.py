"""Makes the files of this folder with the programs that others use to write RecordIO.

They are kept, since neither program can be installed beside a current numpy. Made so:

    uv venv --python 3.10 mx && VIRTUAL_ENV=mx uv pip install mxnet==1.9.1 numpy==1.23.5
    mx/bin/python make_vectors.py mxnet
    uv venv --python 3.11 sdk && VIRTUAL_ENV=sdk uv pip install sagemaker==2.257.7 scipy
    sdk/bin/python make_vectors.py sdk

Each NAME.rec has a NAME.json that says what is in it. Whatever is written is read back with the
same program first.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
M = bytes.fromhex("0a23d7ce")

PAYLOADS = [
    b"",
    b"a",
    b"abcd",
    M,
    M + M,
    b"abcd" + M + b"ef",
    b"ab" + M + b"cd",  # not aligned: not cut
    M + b"x",
    b"abcd" + M,
    b"abcd" + M[:3],
    M * 5 + b"yz",
    bytes(range(256)) * 3,
    b"".join(bytes([number]) * 8 + M for number in range(40)),
    b"q" * 5_001,
]
"""All that a writer may stumble over, both in length and in content."""

FLOATS = [[1.5, -2.25, 0.1], [0.0, 1e-30, 3.4e38], [float("inf"), -0.0, 7.0]]
INTEGERS = [[1, -1, 0], [2**31 - 1, -(2**31), 300], [7, 8, 9]]
SPARSE = [[0, 0, 5, 0], [0, 0, 0, 0], [-1, 2, 0, 300]]
"""The second row is all zeros: it has a shape, and neither values nor keys."""


def mxnet() -> None:
    from mxnet import recordio

    path, index = HERE / "mxnet.rec", HERE / "mxnet.idx"
    writer = recordio.MXIndexedRecordIO(str(index), str(path), "w")
    for number, payload in enumerate(PAYLOADS):
        writer.write_idx(number, payload)
    offsets = [writer.idx[number] for number in range(len(PAYLOADS))]
    writer.close()
    index.unlink()
    reader = recordio.MXRecordIO(str(path), "r")
    assert [reader.read() for _ in PAYLOADS] == PAYLOADS
    assert reader.read() is None
    describe("mxnet", payloads=[payload.hex() for payload in PAYLOADS], offsets=offsets)


def sdk() -> None:
    from sagemaker.amazon import common

    with open(HERE / "sdk.rec", "wb") as file:
        for payload in PAYLOADS:
            common._write_recordio(file, payload)
    with open(HERE / "sdk.rec", "rb") as file:
        assert list(common.read_recordio(file)) == PAYLOADS
    describe("sdk", payloads=[payload.hex() for payload in PAYLOADS])
    for dtype in "float32", "float64", "int64":  # of integers the SDK takes int64 alone
        values = np.array(INTEGERS if dtype == "int64" else FLOATS, dtype)
        for label in None, "float32", "float64", "int64":
            dense(common, values, None if label is None else np.array([1, 0, 3], label))
        sparse(common, np.array(SPARSE, dtype))
    every_field()


def dense(common: Any, values: np.ndarray, labels: np.ndarray | None) -> None:
    name = f"dense-{written(values)}-{'none' if labels is None else written(labels)}"
    with open(HERE / f"{name}.rec", "wb") as file:
        common.write_numpy_to_dense_tensor(file, values, labels)
    describe(name, features=column(values), label=None if labels is None else column(labels))


def sparse(common: Any, values: np.ndarray) -> None:
    from scipy.sparse import csr_matrix

    matrix, labels = csr_matrix(values), np.array([1.5, 2.5, 3.5], "float64")
    name = f"sparse-{written(values)}"
    with open(HERE / f"{name}.rec", "wb") as file:
        common.write_spmatrix_to_sparse_tensor(file, matrix, labels)
    describe(
        name,
        features={
            **column(values),
            "data": matrix.data.tolist(),
            "indices": matrix.indices.tolist(),
            "indptr": matrix.indptr.tolist(),
        },
        label=column(labels),
    )


def every_field() -> None:
    """Records with all that the message can hold: two features, bytes, a uid, metadata."""
    from sagemaker.amazon.common import _write_recordio
    from sagemaker.amazon.record_pb2 import Record

    with open(HERE / "every-field.rec", "wb") as file:
        for number in range(3):
            record = Record()
            record.features["values"].float32_tensor.values.extend([number, number + 0.5])
            record.features["values"].float32_tensor.shape.extend([2])
            record.features["image"].bytes.value.append(b"image %d" % number)
            record.features["image"].bytes.content_type = "image/png"
            record.label["values"].int32_tensor.values.append(-number)
            record.uid = f"uid-{number}"
            record.metadata = json.dumps({"row": number})
            record.configuration = "configured"
            _write_recordio(file, record.SerializeToString(deterministic=True))
    describe(
        "every-field",
        features=column(np.array([[n, n + 0.5] for n in range(3)], "float32")),
        image=[f"image {number}" for number in range(3)],
        label=column(np.array([0, -1, -2], "int32")),
        uid=[f"uid-{number}" for number in range(3)],
        metadata=[json.dumps({"row": number}) for number in range(3)],
    )


def column(values: np.ndarray) -> dict[str, Any]:
    return {"dtype": written(values), "values": values.tolist()}


def written(values: np.ndarray) -> str:
    """The type that the values have in the file."""
    return str(values.dtype).replace("int64", "int32")


def describe(name: str, **facts: Any) -> None:
    (HERE / f"{name}.json").write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    {"mxnet": mxnet, "sdk": sdk}[sys.argv[1]]()
