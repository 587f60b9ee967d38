"""Looks for bytes that the RecordIO reader reads otherwise than a plain one, or dies of.

    python tests/fuzz/fuzz_recordio.py [CORPUS] [-max_total_time=SECONDS]

Needs atheris, numpy, and the project's folder on PYTHONPATH. An input is a program that makes
frames, good and bad, so that what is tried gets beyond the first magic word.
"""

from __future__ import annotations

import io
import logging
import sys

import atheris

with atheris.instrument_imports(include=["sm_container.records"]):
    from sm_container.records.errors import OnFault, RecordError
    from sm_container.records.format import Source
    from sm_container.records.recordio import Multipart, RecordWriter, read_frames

from tests.records.recordio.plain import MAGIC, Plain, framed, plain
from tests.records.recordio.sources import Pieces


def try_one(program: bytes) -> None:
    """Read what the program makes, as it is and as the payload of records."""
    choices = atheris.FuzzedDataProvider(program)
    multipart = choices.PickValueInList(list(Multipart))
    block = choices.ConsumeIntInRange(1, 600)
    sizes = [choices.ConsumeIntInRange(1, 100) for _ in range(3)]
    pieces = made(choices)
    data = b"".join(pieces)
    for on_fault in OnFault.RAISE, OnFault.SKIP:
        expected = plain(data, multipart, skip=on_fault is OnFault.SKIP)
        for source in data, Pieces(data, sizes):
            assert read(source, multipart, block, on_fault).records == expected.records
        if on_fault is OnFault.RAISE:
            assert read(data, multipart, block, on_fault).faults == expected.faults
    sink = io.BytesIO()
    RecordWriter(sink, multipart, largest_part=block).write_frames(pieces)
    written = read(sink.getvalue(), multipart, block, OnFault.RAISE)
    assert [payload for _, _, payload in written.records] == pieces


def made(choices: atheris.FuzzedDataProvider) -> list[bytes]:
    """Frames, whole and in parts, runs of one length, and bytes that are none."""
    pieces: list[bytes] = []
    while choices.remaining_bytes():
        kind = choices.ConsumeIntInRange(0, 15)
        if kind < 8:
            pieces.append(framed(choices.ConsumeBytes(choices.ConsumeIntInRange(0, 40)), kind))
        elif kind < 11:
            payload = choices.ConsumeBytes(choices.ConsumeIntInRange(0, 8))
            pieces.append(framed(payload) * choices.ConsumeIntInRange(8, 20))
        elif kind < 13:
            pieces.append(framed(MAGIC * choices.ConsumeIntInRange(1, 3), kind - 11))
        else:
            pieces.append((MAGIC if kind == 15 else b"") + choices.ConsumeBytes(kind - 7))
    return pieces


def read(source: Source, multipart: Multipart, block: int, on_fault: OnFault) -> Plain:
    """What the reader reads; any error but a RecordError goes through, and is a find."""
    result = Plain()
    blocks = read_frames(source, "fuzz", multipart=multipart, on_fault=on_fault, block=block)
    try:
        for frames in blocks:
            for number, payload in enumerate(frames.payloads()):
                place = (frames.index + number, int(frames.offsets[number]))
                result.records.append((*place, bytes(payload)))
    except RecordError as error:
        result.faults.append((error.index, error.offset))
    return result


if __name__ == "__main__":
    logging.disable()
    atheris.Setup(sys.argv, try_one)
    atheris.Fuzz()
