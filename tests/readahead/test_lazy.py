"""A lazy file behaves as a file does."""

from __future__ import annotations

import io
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sm_container.readahead.ahead import ReadAhead
from sm_container.readahead.lazy import LazyFile
from tests.readahead.sources import Memory

CONTENT = os.urandom(3_000_000)

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("seek"), st.integers(0, 4_000_000), st.just(0)),
        st.tuples(st.just("seek"), st.integers(0, 1_000_000), st.just(1)),
        st.tuples(st.just("seek"), st.integers(-3_000_000, 100), st.just(2)),
        st.tuples(st.just("read"), st.integers(-1, 500_000), st.just(0)),
    ),
    max_size=25,
)


@settings(deadline=None, max_examples=60)
@given(STEPS)
def test_it_does_what_bytesio_does(steps: list[tuple[str, int, int]]) -> None:
    with ReadAhead() as ahead, LazyFile(ahead.open(Memory(CONTENT))) as lazy:
        files = (io.BytesIO(CONTENT), io.BufferedReader(lazy))
        for what, number, whence in steps:
            got = [
                file.seek(number, whence) if what == "seek" else file.read(number) for file in files
            ]
            assert got[0] == got[1]
            assert files[0].tell() == files[1].tell()


def test_lines_through_a_buffered_reader() -> None:
    text = b"".join(b"line %d\n" % number for number in range(50_000))
    with ReadAhead() as ahead, io.BufferedReader(LazyFile(ahead.open(Memory(text)))) as file:
        assert list(file) == text.splitlines(keepends=True)


def test_it_reads_into_arrays_of_any_item() -> None:
    with ReadAhead() as ahead, LazyFile(ahead.open(Memory(CONTENT))) as file:
        numbers = memoryview(bytearray(80)).cast("d")
        assert file.readinto(numbers) == 80
        assert bytes(numbers) == CONTENT[:80]


def test_a_closed_file_refuses_and_closing_twice_is_legal() -> None:
    with ReadAhead() as ahead:
        file = LazyFile(ahead.open(Memory(CONTENT)))
        file.close()
        file.close()
        for use in (file.tell, lambda: file.seek(0), lambda: file.read(1), file.readall):
            with pytest.raises(ValueError, match="closed"):
                use()


def test_positions_that_cannot_be() -> None:
    with ReadAhead() as ahead, LazyFile(ahead.open(Memory(CONTENT))) as file:
        with pytest.raises(ValueError, match="before the file"):
            file.seek(-1)
        with pytest.raises(ValueError, match="whence is 7"):
            file.seek(0, 7)
