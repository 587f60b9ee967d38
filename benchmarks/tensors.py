"""Tensors in records to arrays: against the SageMaker SDK's reader, and msgpack's own.

From the same bytes in memory. Ours gives X and y (or CSR) batch by batch, as an algorithm reads a
channel; the SDK reads everything at once, which is all it can. The rows "in one" join our batches
to a single X and y as well, which costs mostly fresh memory. Measured against the SDK by the Python
of its venv, so that both sides share all else.
"""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.rivals import SDK, measured_by, sdk_python
from benchmarks.row import Row, at_least
from benchmarks.timing import side_by_side
from sm_container.records.batch import Batch, rebatched
from sm_container.records.csr import Csr
from sm_container.records.format import Format

RECORDS = 50_000
WIDTH = 100
SPARSE_WIDTH, FILLED = 100_000, 50

DENSE = "dense recordio-protobuf to X and y"
SPARSE = "sparse recordio-protobuf to CSR"
MSGPACK = "msgpack tensors to X and y"
IN_ONE = ", in one"
TARGETS = {DENSE: 40.0, DENSE + IN_ONE: 40.0, SPARSE: 10.0, SPARSE + IN_ONE: 10.0}
MSGPACK_TARGET = 5.0


def rows() -> list[Row]:
    """Dense and sparse protobuf against the SDK, msgpack against ``msgpack.unpackb`` a record."""
    times = measured_by(sdk_python(), "benchmarks.tensors")
    found = [
        Row(work, ours, SDK, theirs, at_least(TARGETS[work]))
        for work, (ours, theirs) in times.items()
    ]
    ours, theirs = _msgpack_times()
    rival = "msgpack.unpackb a record"
    return [*found, Row(MSGPACK, ours, rival, theirs, at_least(MSGPACK_TARGET))]


def measure() -> dict[str, tuple[float, float]]:
    """Seconds of ours and of the SDK's for each of TARGETS; both must have the same arrays."""
    from sm_container.records.protobuf import ProtobufFormat

    form = ProtobufFormat()
    dense, sparse = _written(form, _dense_batch()), _written(form, _sparse_batch())
    _assert_same(_arrays(form, dense), _sdk_arrays(dense))
    mine, theirs = _csr(form, sparse), _sdk_csr(sparse)
    _assert_same(
        (mine.data, mine.indices, mine.indptr), (theirs.data, theirs.indices, theirs.indptr)
    )
    sides = (
        (lambda: _batches(form, dense), lambda: _sdk_arrays(dense)),
        (lambda: _arrays(form, dense), lambda: _sdk_arrays(dense)),
        (lambda: _batches(form, sparse), lambda: _sdk_csr(sparse)),
        (lambda: _csr(form, sparse), lambda: _sdk_csr(sparse)),
    )
    return {work: side_by_side(*side, repeats=5) for work, side in zip(TARGETS, sides, strict=True)}


def _msgpack_times() -> tuple[float, float]:
    from sm_container.records.msgpack_records import MsgpackFormat

    form = MsgpackFormat()
    data = _written(form, _dense_batch())
    _assert_same(_arrays(form, data), _unpacked_arrays(data))
    return side_by_side(lambda: _batches(form, data), lambda: _unpacked_arrays(data))


def _batches(form: Format, data: bytes) -> int:
    """Every batch, and how many rows they have together."""
    return sum(batch.rows for batch in form.batches(data, "records", rows=RECORDS))


def _arrays(form: Format, data: bytes) -> tuple[Any, Any]:
    batch = next(rebatched(form.batches(data, "records", rows=RECORDS), RECORDS))
    return batch["features"], batch["label"]


def _csr(form: Format, data: bytes) -> Csr:
    batch = next(rebatched(form.batches(data, "records", rows=RECORDS), RECORDS))
    features = batch["features"]
    assert isinstance(features, Csr)
    return features


def _sdk_arrays(data: bytes) -> tuple[NDArray[Any], NDArray[Any]]:
    from sagemaker.amazon.common import read_records

    records = read_records(io.BytesIO(data))
    features = [np.array(one.features["values"].float32_tensor.values, "f4") for one in records]
    labels = [one.label["values"].float32_tensor.values[0] for one in records]
    return np.stack(features), np.array(labels, "f4")


def _sdk_csr(data: bytes) -> Any:
    from sagemaker.amazon.common import read_records
    from scipy.sparse import csr_matrix

    tensors = [one.features["values"].float32_tensor for one in read_records(io.BytesIO(data))]
    values = [np.array(tensor.values, "f4") for tensor in tensors]
    keys = [np.array(tensor.keys, np.int64) for tensor in tensors]
    indptr = np.concatenate(([0], np.cumsum([len(some) for some in values])))
    shape = len(tensors), tensors[0].shape[0]
    return csr_matrix((np.concatenate(values), np.concatenate(keys), indptr), shape=shape)


def _unpacked_arrays(data: bytes) -> tuple[NDArray[Any], NDArray[Any]]:
    import msgpack

    from sm_container.records.recordio import read_records

    features, labels = [], []
    for payload in read_records(data, "records"):
        record = msgpack.unpackb(payload)
        features.append(np.frombuffer(record["features"]["values"]["values"], "<f4"))
        labels.append(np.frombuffer(record["label"]["values"]["values"], "<f4")[0])
    return np.stack(features), np.array(labels)


def _dense_batch() -> Batch:
    chance = np.random.default_rng(7)
    return Batch(
        {
            "features": chance.random((RECORDS, WIDTH), np.float32),
            "label": chance.random(RECORDS, np.float32),
        }
    )


def _sparse_batch() -> Batch:
    """Rows of 0 to twice FILLED numbers."""
    chance = np.random.default_rng(7)
    counts = chance.integers(0, 2 * FILLED, RECORDS, endpoint=True)
    indptr = np.concatenate(([0], np.cumsum(counts)))
    keys = chance.integers(0, SPARSE_WIDTH, indptr[-1])
    values = chance.random(indptr[-1], np.float32)
    return Batch({"features": Csr(values, keys, indptr, SPARSE_WIDTH)})


def _written(form: Format, batch: Batch) -> bytes:
    sink = io.BytesIO()
    form.write([batch], sink)
    return sink.getvalue()


def _assert_same(mine: tuple[Any, ...], theirs: tuple[Any, ...]) -> None:
    for one, other in zip(mine, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


if __name__ == "__main__":
    print(json.dumps(measure()))
