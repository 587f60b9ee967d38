"""A reader against the bytes: patterns, faults, cancellation, and what is asked of the source."""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sm_container.channels.errors import ChannelError
from sm_container.readahead.ahead import ReadAhead
from sm_container.readahead.pool import FIRST
from sm_container.readahead.reader import LARGEST_VIEW
from sm_container.readahead.window import SMALL
from sm_container.storage.errors import ObjectChangedError
from tests.readahead.sources import Memory

MIB = 1 << 20
CONTENT = os.urandom(24 * MIB + 12345)


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until it holds; a test that waits in vain runs into its time-out."""
    while not holds():
        time.sleep(0.005)


def test_everything_in_sequence() -> None:
    source = Memory(CONTENT)
    with ReadAhead(64 * MIB) as ahead:
        reader = ahead.open(source)
        got = b"".join(reader.read_at(at, MIB) for at in range(0, len(CONTENT), MIB))
        assert got == CONTENT
        assert ahead.counters().fetched == len(CONTENT)
    # No byte twice; the first request is small, and the others come to be large.
    assert sorted(source.asked)[0] == (0, FIRST)
    assert max(size for _, size in source.asked) > 4 * MIB


def test_nothing_is_fetched_before_the_first_read() -> None:
    source = Memory(CONTENT)
    with ReadAhead() as ahead:
        reader = ahead.open(source)
        assert source.asked == []
        assert reader.read_at(5, 3) == CONTENT[5:8]


def test_a_reader_that_never_waits_keeps_a_small_window() -> None:
    source = Memory(CONTENT)
    with ReadAhead(threads=1) as ahead:  # so that the parts come in order
        reader = ahead.open(source)
        for at in range(0, 40 * SMALL, SMALL):
            reader.read_at(at, SMALL)
            eventually(lambda end=at + 2 * SMALL: ahead.counters().fetched >= end)  # type: ignore[misc]
        assert ahead.counters().waits == 1
        assert max(start + size for start, size in source.asked) <= 40 * SMALL + 2 * FIRST


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.integers(min_value=0, max_value=len(CONTENT) + MIB),
            st.one_of(
                st.integers(min_value=0, max_value=1000),
                st.integers(min_value=0, max_value=4 * MIB),
            ),
        ),
        max_size=20,
    )
)
def test_any_pattern_gives_the_bytes(reads: list[tuple[int, int]]) -> None:
    with ReadAhead(8 * MIB, threads=3) as ahead:
        reader = ahead.open(Memory(CONTENT))
        for offset, size in reads:
            assert reader.read_at(offset, size) == CONTENT[offset : offset + size]
            buffer = bytearray(size)
            count = reader.readinto_at(offset, memoryview(buffer))
            assert buffer[:count] == CONTENT[offset : offset + size]
        assert ahead.counters().peak <= 8 * MIB


def test_repeated_jumps_ask_for_little() -> None:
    source = Memory(CONTENT)
    with ReadAhead() as ahead:
        reader = ahead.open(source)
        for index in range(12):
            at = (20 - 19 * (index % 2)) * MIB + index * 4096
            assert reader.read_at(at, 4096) == CONTENT[at : at + 4096]
        asked = len(source.asked)
        for index in range(6):
            at = (19 - 17 * (index % 2)) * MIB + index
            assert reader.read_at(at, 4096) == CONTENT[at : at + 4096]
        assert {size for _, size in source.asked[asked:]} == {SMALL}


def test_a_little_back_is_still_there() -> None:
    source = Memory(CONTENT)
    with ReadAhead() as ahead:
        reader = ahead.open(source)
        for at in range(0, 12 * MIB, MIB):
            reader.read_at(at, MIB)
        reader.read_at(11 * MIB, MIB)
        eventually(lambda: sum(n for _, n in source.asked) == ahead.counters().fetched)
        before = ahead.counters()
        assert reader.read_at(11 * MIB, 4096) == CONTENT[11 * MIB :][:4096]
        assert ahead.counters().waits == before.waits


def test_parts_are_served_as_their_bytes_arrive() -> None:
    source = Memory(CONTENT, gate=threading.Event(), gate_after=256 << 10)
    with ReadAhead() as ahead:
        reader = ahead.open(source)
        assert reader.read_at(0, 256 << 10) == CONTENT[: 256 << 10]
        assert (0, FIRST) in source.asked


def test_views_are_the_bytes_without_a_copy_and_released_afterwards() -> None:
    with ReadAhead() as ahead:
        reader = ahead.open(Memory(CONTENT))
        with reader.views_at(FIRST - 100, 1000) as views:
            assert b"".join(views) == CONTENT[FIRST - 100 : FIRST + 900]
            kept = views[0]
        with pytest.raises(ValueError, match="released"):
            bytes(kept)
        with reader.views_at(len(CONTENT), 10) as views:
            assert views == []
        with pytest.raises(ValueError, match="at most"), reader.views_at(0, LARGEST_VIEW + 1):
            pass


def test_a_fault_is_raised_to_all_who_need_the_bytes_and_a_later_read_asks_again() -> None:
    source = Memory(CONTENT, gate=threading.Event(), gate_after=128 << 10)
    source.faults = [OSError("the store is down")]
    found: list[object] = []

    def read(size: int) -> None:
        try:
            found.append(reader.read_at(0, size))
        except OSError as error:
            found.append(str(error))

    with ReadAhead() as ahead:
        reader = ahead.open(source)
        threads = [threading.Thread(target=read, args=(MIB - n,)) for n in range(3)]
        for thread in threads:
            thread.start()
        eventually(lambda: ahead.counters().waits == 3)
        assert source.gate is not None
        source.gate.set()
        for thread in threads:
            thread.join()
        assert found == ["the store is down"] * 3
        assert reader.read_at(0, MIB) == CONTENT[:MIB]


class Unlike(Exception):
    """One that its args do not make again."""

    def __init__(self, object: str, *, what: str) -> None:
        super().__init__(f"{object} is {what}")


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        (ChannelError(["one", "two"]), ChannelError, "one; two"),
        (ObjectChangedError("s3://b/k", "changed", "wait"), ObjectChangedError, "s3://b/k: chang"),
        (FileNotFoundError(2, "no such file", "k"), FileNotFoundError, "2.*no such file: 'k'"),
        (Unlike("k", what="gone"), OSError, "Unlike: k is gone"),
    ],
)
def test_every_reader_raises_an_exception_of_its_own(
    fault: Exception, kind: type[Exception], said: str
) -> None:
    """One that several raise has the frames of all of them, and of every time."""
    source = Memory(CONTENT, gate=threading.Event(), faults=[fault])
    raised: list[BaseException] = []

    def read() -> None:
        with pytest.raises(kind, match=said) as caught:
            reader.read_at(0, MIB)
        raised.append(caught.value)

    with ReadAhead() as ahead:
        reader = ahead.open(source)
        threads = [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        eventually(lambda: ahead.counters().waits == 3)
        assert source.gate is not None
        source.gate.set()
        for thread in threads:
            thread.join()
    assert len({id(error) for error in raised}) == 3
    assert [error.__cause__ for error in raised] == [fault] * 3
    frames = [frame.name for frame in traceback.extract_tb(fault.__traceback__)]
    assert frames == ["_fetch", "fill"]


def test_a_source_that_ends_early_is_a_fault() -> None:
    with ReadAhead() as ahead:
        reader = ahead.open(Memory(CONTENT, is_short=True))
        with pytest.raises(OSError, match="ended after byte"):
            reader.read_at(0, MIB)


def test_an_empty_object() -> None:
    source = Memory(b"")
    with ReadAhead() as ahead:
        assert ahead.open(source).read_at(0, 10) == b""
    assert source.asked == []


def test_closing_cancels_what_is_under_way_and_wakes_readers() -> None:
    source = Memory(CONTENT, gate=threading.Event())
    faults: list[str] = []

    def read() -> None:
        try:
            reader.read_at(0, 10)
        except ValueError as error:
            faults.append(str(error))

    with ReadAhead() as ahead:
        reader = ahead.open(source)
        thread = threading.Thread(target=read)
        thread.start()
        eventually(lambda: ahead.counters().waits == 1 and bool(source.asked))
        reader.close()
        thread.join()
        assert faults == ["read of a closed file"]
        eventually(lambda: 0 in source.cancelled)
        with pytest.raises(ValueError, match="closed"):
            reader.read_at(0, 10)
        reader.close()


class GivenUp(Exception):
    pass


def test_a_check_ends_a_read_that_waits() -> None:
    source = Memory(CONTENT, gate=threading.Event())
    calls = 0

    def check() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise GivenUp

    with ReadAhead() as ahead:
        reader = ahead.open(source, check)
        with pytest.raises(GivenUp):
            reader.read_at(0, 10)
        assert source.gate is not None
        source.gate.set()
        assert reader.read_at(0, 10) == CONTENT[:10]


def test_a_jump_cancels_what_is_under_way() -> None:
    source = Memory(bytes(40 * MIB), gate=threading.Event(), gate_after=256 << 10)
    with ReadAhead() as ahead:
        reader = ahead.open(source)
        reader.read_at(0, 4096)
        eventually(lambda: len(source.asked) == 2)
        reader.read_at(38 * MIB, 4096)
        eventually(lambda: sorted(source.cancelled) == [0, FIRST])
        assert source.asked[2][0] == 38 * MIB


def test_threads_end_when_closed() -> None:
    before = set(threading.enumerate())
    with ReadAhead(threads=5) as ahead:
        reader = ahead.open(Memory(CONTENT))
        reader.read_at(0, len(CONTENT))
        assert set(threading.enumerate()) - before
    eventually(lambda: not set(threading.enumerate()) - before)
