"""Byte for byte what others write: MXNet, the SageMaker SDK, and the examples of the format."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sm_container.records.recordio import Multipart, RecordWriter, read_frames, read_records

VECTORS = Path(__file__).parent / "vectors"
M = "0a23d7ce"

HEXES = [
    ("", f"{M} 00000000"),
    (M, f"{M} 00000020  {M} 00000060"),
    (f"61626364 {M} 6566", f"{M} 04000020 61626364  {M} 02000060 65660000"),
    (f"6162 {M} 6364", f"{M} 08000000 6162 {M} 6364"),
    (f"{M} {M} 61", f"{M} 00000020  {M} 00000040  {M} 01000060 61000000"),
]
"""A payload, and what the dmlc writer makes of it."""


@pytest.mark.parametrize(("payload", "file"), HEXES)
def test_dmlc_cuts_where_the_magic_word_stands(payload: str, file: str) -> None:
    sink = io.BytesIO()
    RecordWriter(sink).write(bytes.fromhex(payload))

    assert sink.getvalue().hex() == bytes.fromhex(file).hex()
    assert [bytes(record) for record in read_records(sink.getvalue(), "test")] == [
        bytes.fromhex(payload)
    ]


def vector(name: str) -> tuple[bytes, dict[str, Any]]:
    return (VECTORS / f"{name}.rec").read_bytes(), json.loads(
        (VECTORS / f"{name}.json").read_text()
    )


@pytest.mark.parametrize(
    ("name", "multipart"), [("mxnet", Multipart.DMLC), ("sdk", Multipart.CONCAT)]
)
def test_the_writer_writes_their_bytes(name: str, multipart: Multipart) -> None:
    file, facts = vector(name)
    payloads = [bytes.fromhex(payload) for payload in facts["payloads"]]
    one_by_one, at_once = io.BytesIO(), io.BytesIO()

    writer = RecordWriter(one_by_one, multipart)
    for payload in payloads:
        writer.write(payload)
    RecordWriter(at_once, multipart).write_frames(payloads)

    assert one_by_one.getvalue() == file
    assert at_once.getvalue() == file


@pytest.mark.parametrize("block", [1, 64, 1000, 1 << 20])
@pytest.mark.parametrize(
    ("name", "multipart"),
    [
        ("mxnet", Multipart.DMLC),
        ("sdk", Multipart.CONCAT),
        ("sdk", Multipart.DMLC),  # the SDK never cuts, so that both read it
    ],
)
def test_the_reader_reads_their_files(name: str, multipart: Multipart, block: int) -> None:
    file, facts = vector(name)

    for source in (file, io.BytesIO(file)):
        read = read_records(source, name, multipart=multipart, block=block)
        assert [payload.hex() for payload in read] == facts["payloads"]


@pytest.mark.parametrize("block", [1, 64, 1000, 1 << 20])
def test_offsets_are_those_of_mxnets_index(block: int) -> None:
    file, facts = vector("mxnet")

    offsets = [frames.offsets for frames in read_frames(io.BytesIO(file), "mxnet", block=block)]

    assert np.concatenate(offsets).tolist() == facts["offsets"]
