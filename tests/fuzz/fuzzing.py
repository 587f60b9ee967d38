"""What the fuzzers share: how one is run, within a bound on memory, and how records are made."""

from __future__ import annotations

import logging
import resource
import sys
from collections.abc import Callable, Iterator
from typing import Any

import atheris

MOST_MEMORY = 6 << 30
"""Bytes of address space. The fuzzer itself keeps some 10 MB a second; a length field of an input
that names gigabytes, and is believed, gets no memory, which is a find."""


def fuzz(try_one: Callable[[bytes], None]) -> None:
    """Try inputs until the command line's options say that it is enough, or one is a find."""
    logging.disable()
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    atheris.Setup(sys.argv, try_one)
    atheris.Fuzz()


def variants(
    choices: atheris.FuzzedDataProvider, made: Callable[[atheris.FuzzedDataProvider], bytes]
) -> list[bytes]:
    """Payloads in runs of one form, long enough for what reads many at once, some damaged."""
    payloads: list[bytes] = []
    while choices.remaining_bytes() and len(payloads) < 400:
        payload = made(choices)
        for _ in range(choices.PickValueInList([1, 1, 3, 5, 20, 70])):
            payloads.append(payload)
            if payload and choices.ConsumeProbability() < 0.3:
                payload = _damaged(payload, choices)
    return payloads


def _damaged(payload: bytes, choices: atheris.FuzzedDataProvider) -> bytes:
    at = choices.ConsumeIntInRange(0, len(payload) - 1)
    new = bytes([choices.ConsumeIntInRange(0, 255)])
    kind = choices.ConsumeIntInRange(0, 7)
    if kind == 0:
        return payload[:at]
    return payload[:at] + new + payload[at + (kind != 1) :]


def alone(groups: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each record of groups of records: its number, and what it has for each column."""
    for group in groups:
        parts = {name: _pieces(part) for name, part in group.parts.items()}
        for at, row in enumerate(group.rows.tolist()):
            yield row, {name: pieces[at] for name, pieces in parts.items()}


def _pieces(part: Any) -> list[Any]:
    """What a part holds for each record, as values that can be compared."""
    if not hasattr(part, "counts"):
        return [(part.kind, value) for value in part.values.tolist()]
    stops = part.counts.cumsum()
    flat, keys = part.flat, part.keys
    return [
        (
            str(flat.dtype),
            part.shape,
            flat[start:stop].tobytes(),  # as bytes, since no nan is equal to itself
            # An empty tensor is a row of anything: whether it is sparse, others say.
            None if keys is None or start == stop else keys[start:stop].tolist(),
        )
        for start, stop in zip((stops - part.counts).tolist(), stops.tolist(), strict=True)
    ]
