"""The window over a source: what it views, what it copies, and how large it grows."""

from __future__ import annotations

import io
import mmap
import os
import tracemalloc
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sm_container.records.refill import Refill
from tests.records.recordio.sources import Pieces


class Lends:
    """Lends pieces of data behind up to ``room`` kept bytes, and overwrites what is given back."""

    def __init__(self, data: bytes, sizes: list[int], room: int) -> None:
        ends = np.minimum(np.cumsum(sizes), len(data)).tolist()
        pieces = [data[start:end] for start, end in pairwise([0, *ends, len(data)])]
        self._left = [piece for piece in pieces if piece]
        self._room = room
        self._lent = bytearray()

    def lend(self, kept: memoryview) -> memoryview | None:
        if len(kept) > self._room:
            return None
        buffer = bytearray(kept) + (self._left.pop(0) if self._left else b"")
        self._lent[:] = b"!" * len(self._lent)
        self._lent = buffer
        return memoryview(buffer)

    def readinto(self, buffer: memoryview) -> int:
        if not self._left:
            return 0
        piece = self._left.pop(0)
        count = min(len(buffer), len(piece))
        buffer[:count] = piece[:count]
        if count < len(piece):
            self._left.insert(0, piece[count:])
        return count


def test_memory_is_viewed_and_not_copied() -> None:
    data = bytearray(b"0123456789")

    refill = Refill(memoryview(data)[2:], 4)
    data[2] = ord("x")

    assert bytes(refill.view) == b"x3456789"
    assert not refill.more()
    refill.consume(3)
    assert bytes(refill.view) == b"56789"
    assert refill.offset == 3
    assert refill.wait_for(5)
    assert not refill.wait_for(6)


def test_a_mapped_file_is_memory(hostile_tmp_path: Path) -> None:
    path = hostile_tmp_path / "mapped"
    path.write_bytes(b"mapped bytes")

    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        refill = Refill(memoryview(mapped), 4)
        assert bytes(refill.view) == b"mapped bytes"
        refill.view.release()
        del refill


@settings(deadline=None)
@given(
    st.binary(max_size=200),
    st.lists(st.integers(1, 20), min_size=1, max_size=4),
    st.integers(1, 50),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=60),
    st.none() | st.integers(0, 40),
)
def test_the_view_is_always_what_comes_next(
    data: bytes, pieces: list[int], size: int, steps: list[tuple[int, int]], room: int | None
) -> None:
    """Of a source that lends its buffers, too, whether or not all that is kept fits into them."""
    source = Pieces(data, pieces) if room is None else Lends(data, pieces, room)
    refill = Refill(source, size)
    at = 0
    for wanted, used in steps:
        has = refill.wait_for(wanted)
        assert has == (len(data) - at >= wanted)
        assert refill.offset == at
        assert bytes(refill.view) == data[at : at + len(refill)]
        used = min(used, len(refill))
        refill.consume(used)
        at += used


def test_a_buffer_grows_only_as_bytes_arrive() -> None:
    refill = Refill(io.BytesIO(bytes(300_000)), 4096)

    tracemalloc.start()
    try:
        assert not refill.wait_for(1 << 29)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(refill) == 300_000
    assert peak < 4 * 300_000  # twice as many bytes as there are, and those it grew from


def test_a_buffer_stays_as_it_is_while_records_fit() -> None:
    refill = Refill(io.BytesIO(bytes(1_000_000)), 4096)

    tracemalloc.start()
    try:
        while refill.wait_for(3000):
            refill.consume(3000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert refill.offset == 999_000
    assert peak < 4096


def test_the_source_fills_the_buffer_itself() -> None:
    """What was read stands in the buffer that the source was given: there is no copy between."""
    given: list[np.ndarray] = []

    class Source:
        def readinto(self, buffer: memoryview) -> int:
            given.append(np.frombuffer(buffer, np.uint8))
            buffer[:3] = b"abc"
            return 3

    refill = Refill(Source(), 16)
    refill.more()

    assert np.shares_memory(np.frombuffer(refill.view, np.uint8), given[0])
    assert bytes(refill.view) == b"abc"


def test_a_source_that_has_ended_is_not_asked_again() -> None:
    class Source:
        asked = 0

        def readinto(self, buffer: memoryview) -> int:
            self.asked += 1
            return 0

    source = Source()
    refill = Refill(source, 16)
    assert [refill.more() for _ in range(3)] == [False] * 3
    assert source.asked == 1


def test_a_source_that_does_not_wait_is_refused() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    try:
        with open(reading, "rb", buffering=0) as source:
            refill = Refill(source, 16)
            with pytest.raises(BlockingIOError, match="blocking mode"):
                refill.more()
    finally:
        os.close(writing)


def test_text_is_refused() -> None:
    with pytest.raises(TypeError):
        Refill(io.StringIO("text"), 16)  # type: ignore[arg-type]
