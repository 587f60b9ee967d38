"""Looks for payloads of recordio-protobuf that are read in two ways, or that the reader dies of.

    python tests/fuzz/fuzz_protobuf.py [CORPUS] [-max_total_time=SECONDS]

What the reader takes for a record must be one for the protobuf package too.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import atheris

with atheris.instrument_imports(include=["sm_container.records"]):
    from sm_container.records.protobuf import ProtobufFormat
    from sm_container.records.protobuf.decode import ProtobufDecoder

from google.protobuf.message import DecodeError

from tests.fuzz.fuzzing import fuzz, variants
from tests.fuzz.payloads import is_record, try_payloads
from tests.records.protobuf import oracle

Choices = atheris.FuzzedDataProvider


def try_one(program: bytes) -> None:
    """Read records that the program makes."""
    choices = Choices(program)
    block = choices.PickValueInList([1 << 20, 1 << 20, 64, 500])
    payloads = variants(choices, record)
    try_payloads(payloads, ProtobufFormat(), ProtobufDecoder, block)
    for payload in set(payloads):
        _hold_against_protobuf(payload)


def record(choices: Choices) -> bytes:
    """A record, of parts in any order and number, or bytes that are none."""
    made = b""
    for _ in range(choices.ConsumeIntInRange(0, 4)):
        kind = choices.ConsumeIntInRange(0, 9)
        if kind < 5:
            name = choices.PickValueInList([b"values", b"a", b"\xff", b""])
            made += sent(1, sent(1, name) + sent(2, value(choices)))
        elif kind < 7:
            made += sent(2, sent(1, b"values") + sent(2, value(choices)))
        elif kind < 9:
            made += sent(kind - 4, choices.ConsumeBytes(choices.ConsumeIntInRange(0, 5)))
        else:
            made += choices.ConsumeBytes(choices.ConsumeIntInRange(0, 12))
    return made


def value(choices: Choices) -> bytes:
    """A Value: a tensor of any kind, or bytes."""
    field = choices.PickValueInList([2, 2, 3, 7, 9, 4])
    count = choices.ConsumeIntInRange(0, 5)
    if field == 9:
        texts = [b"", sent(2, b"text/plain; charset=utf-8"), sent(2, b"image/png")]
        return sent(9, sent(1, choices.ConsumeBytes(count)) + choices.PickValueInList(texts))
    number: Callable[[], bytes] = {
        2: lambda: struct.pack("<f", choices.ConsumeIntInRange(-3, 9)),
        3: lambda: struct.pack("<d", choices.ConsumeIntInRange(-3, 9)),
    }.get(field, lambda: varint(choices.ConsumeIntInRange(-(1 << 33), 1 << 33)))
    tensor = sent(1, b"".join(number() for _ in range(count)))
    if choices.ConsumeBool():
        keys = [choices.PickValueInList([0, 1, 2, 300, 1 << 63, -1]) for _ in range(count)]
        tensor += sent(2, b"".join(map(varint, keys)))
    for _ in range(choices.ConsumeIntInRange(0, 2)):
        size = choices.PickValueInList([count, 1, 0, 400, 1 << 40, (1 << 64) - 1])
        tensor += sent(3, varint(size)) if choices.ConsumeBool() else b"\x18" + varint(size)
    return sent(field, tensor)


def sent(field: int, content: bytes) -> bytes:
    """A field of bytes."""
    return varint(field << 3 | 2) + varint(len(content)) + content


def varint(number: int) -> bytes:
    number %= 1 << 64
    made = bytearray()
    while number >= 128:
        made.append(number & 127 | 128)
        number >>= 7
    return bytes([*made, number])


def _hold_against_protobuf(payload: bytes) -> None:
    if is_record(payload, ProtobufDecoder):
        try:
            oracle.parsed(payload)
        except DecodeError as error:
            raise AssertionError(f"no record: {payload.hex()}") from error


if __name__ == "__main__":
    fuzz(try_one)
