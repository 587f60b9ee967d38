"""Looks for payloads of msgpack records that are read in two ways, or that the reader dies of.

python tests/fuzz/fuzz_msgpack.py [CORPUS] [-max_total_time=SECONDS]
"""

from __future__ import annotations

from typing import Any

import atheris
import msgpack

with atheris.instrument_imports(include=["sm_container.records"]):
    from sm_container.records.msgpack_records import MsgpackFormat
    from sm_container.records.msgpack_records.decode import MsgpackDecoder

from tests.fuzz.fuzzing import fuzz, variants
from tests.fuzz.payloads import try_payloads

Choices = atheris.FuzzedDataProvider

_DTYPES = ["<f4", "<f4", "|b1", "|u1", "<f2", "<i8", "<f8", ">f4", 4]
_SIZES = [0, 1, 1, 2, 3, 400, -1, 1 << 40, 1 << 63, 1.5]


def try_one(program: bytes) -> None:
    """Read records that the program makes."""
    choices = Choices(program)
    block = choices.PickValueInList([1 << 20, 1 << 20, 64, 500])
    try_payloads(variants(choices, record), MsgpackFormat(), MsgpackDecoder, block)


def record(choices: Choices) -> bytes:
    """A record, or bytes that are none."""
    kind = choices.ConsumeIntInRange(0, 11)
    if kind == 0:
        return choices.ConsumeBytes(choices.ConsumeIntInRange(0, 20))
    if kind == 1:  # a map, array, text or bin that names far more than there is
        first = choices.PickValueInList([0xDF, 0xDD, 0xDB, 0xC6, 0xC9])
        return bytes([first]) + choices.ConsumeBytes(4) + choices.ConsumeBytes(4)
    fields: dict[Any, Any] = {}
    for _ in range(choices.ConsumeIntInRange(0, 4)):
        section = choices.PickValueInList(["features", "features", "label", "uid", "metadata", 7])
        if section in ("features", "label"):
            name = choices.PickValueInList(["values", "a", "b", "features:values", 1])
            fields.setdefault(section, {})[name] = value(choices)
        else:
            fields[section] = choices.PickValueInList(["", "text", b"bin", None, "\U0001f600"])
    packed = msgpack.packb(fields)
    return packed + (b"\0" if kind == 2 else b"")


def value(choices: Choices) -> Any:
    """A tensor, or something else that may stand in its place."""
    kind = choices.ConsumeIntInRange(0, 9)
    if kind < 4:
        some = choices.ConsumeBytes(choices.ConsumeIntInRange(0, 5))
        return [some, some.hex(), [some, b"x"], kind][kind]
    shape = [choices.PickValueInList(_SIZES) for _ in range(choices.ConsumeIntInRange(0, 2))]
    dtype = choices.PickValueInList(_DTYPES)
    size = int(dtype[2]) if isinstance(dtype, str) else 4
    count = choices.ConsumeIntInRange(0, 4)
    tensor: dict[str, Any] = {"dtype": dtype, "shape": shape}
    tensor["values"] = choices.ConsumeBytes(count * size).ljust(count * size, b"\1")
    if kind > 7:
        width = choices.PickValueInList([4, 8])
        keys = [choices.PickValueInList([0, 1, 2, (1 << 32) - 1]) for _ in range(count)]
        tensor["keys"] = b"".join(key.to_bytes(width, "little") for key in keys)
    return tensor


if __name__ == "__main__":
    fuzz(try_one)
