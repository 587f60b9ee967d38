"""Gunzipping streams: members, sizes, and data that is damaged."""

from __future__ import annotations

import gzip
import random
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sm_container.harness.inputs.pipe.gunzip import gunzipped
from sm_container.storage.errors import StorageError


def unpacked(data: bytes, size: int = 1 << 20) -> bytes:
    blocks = (memoryview(data)[at : at + size] for at in range(0, len(data), size))
    return b"".join(gunzipped(blocks, "s3://bucket/x.gz"))


@given(st.lists(st.binary(max_size=300), max_size=5), st.integers(1, 70), st.integers(0, 9))
def test_any_members_in_any_blocks(contents: list[bytes], size: int, zeros: int) -> None:
    data = b"".join(map(gzip.compress, contents)) + bytes(zeros if contents else 0)
    assert unpacked(data, size) == b"".join(contents)


def test_large_content_comes_in_bounded_blocks_and_memory() -> None:
    packed = gzip.compress(bytes(64 << 20), 1)
    tracemalloc.start()
    sizes = [len(block) for block in gunzipped([packed], "x")]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(sizes) == 64 << 20
    assert max(sizes) <= 1 << 20
    assert peak < 8 << 20


def test_content_that_does_not_shrink() -> None:
    content = random.Random(1).randbytes(3 << 20)
    assert unpacked(gzip.compress(content), 100_000) == content


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_every_cut_is_told(size: int) -> None:
    packed = gzip.compress(b"content " * 20)
    for length in range(1, len(packed)):
        with pytest.raises(StorageError, match=r"s3://bucket/x\.gz: is gzip data that is cut off"):
            unpacked(packed[:length], size)


@pytest.mark.parametrize(
    "data",
    [
        b"plain text",
        gzip.compress(b"x", mtime=0) + b"something else",
        gzip.compress(b"content " * 20, mtime=0)[:-8] + bytes(8),
    ],
)
def test_what_is_no_gzip_data_is_told(data: bytes) -> None:
    with pytest.raises(StorageError, match="is not sound gzip data"):
        unpacked(data)


def test_blocks_are_asked_for_one_by_one() -> None:
    asked = 0

    def blocks() -> Iterator[bytes]:
        nonlocal asked
        for content in (b"a", b"b"):
            asked += 1
            yield gzip.compress(content)

    content = gunzipped(blocks(), "x")
    assert (next(content), asked) == (b"a", 1)
