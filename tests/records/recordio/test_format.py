"""application/x-recordio: whole payloads as the column ``data``."""

from __future__ import annotations

import io

import numpy as np
import pytest

from sm_container.records.batch import Batch
from sm_container.records.errors import FormatError, OnFault, RecordError
from sm_container.records.format import Format
from sm_container.records.recordio import Multipart, RecordIOFormat
from tests.records.recordio.plain import framed

PAYLOADS = [b"x" * number for number in range(50)]
DATA = b"".join(map(framed, PAYLOADS))


def column(payloads: list[bytes]) -> Batch:
    data = np.empty(len(payloads), object)
    data[:] = payloads
    return Batch({"data": data})


def test_batches_hold_the_payloads_and_own_them() -> None:
    recordio: Format = RecordIOFormat()

    batches = list(recordio.batches(io.BytesIO(DATA), "train", rows=8))

    assert [payload for batch in batches for payload in batch["data"]] == PAYLOADS
    assert max(batch.rows for batch in batches) <= 8


def test_records_hold_the_payload() -> None:
    assert list(RecordIOFormat().records(DATA, "train")) == [{"data": p} for p in PAYLOADS]


def test_what_is_written_is_read() -> None:
    sink = io.BytesIO()

    count = RecordIOFormat().write([column(PAYLOADS), column([b"more"])], sink)

    assert count == 51
    assert sink.getvalue() == DATA + framed(b"more")


def test_the_dialect_is_the_formats() -> None:
    data = framed(b"abcd", 1) + framed(b"ef", 3)
    magic = bytes.fromhex("0a23d7ce")

    for multipart, payload in (
        (Multipart.DMLC, b"abcd" + magic + b"ef"),
        (Multipart.CONCAT, b"abcdef"),
    ):
        recordio = RecordIOFormat(multipart)
        assert list(recordio.records(data, "train")) == [{"data": payload}]
        (batch,) = recordio.batches(data, "train", rows=10)
        assert batch["data"][0] == payload


def test_faults_are_dealt_with_as_is_asked() -> None:
    damaged = DATA + b"bad!" + framed(b"bad")[4:] + framed(b"after")
    recordio = RecordIOFormat()

    with pytest.raises(RecordError, match=f"train, record 50, byte {len(DATA)}: "):
        list(recordio.batches(damaged, "train", rows=8))
    (*_, last) = recordio.records(damaged, "train", on_fault=OnFault.SKIP)
    assert last == {"data": b"after"}


def test_columns_of_numbers_are_refused_by_name() -> None:
    batch = Batch({"features": np.zeros((2, 3)), "label": np.zeros(2)})

    with pytest.raises(FormatError, match="features, label; choose application/x-recordio-protob"):
        RecordIOFormat().write([batch], io.BytesIO())
