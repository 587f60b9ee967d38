"""Objects that are read whole: one long window over all of them, within the memory there is."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Sequence

import pytest

from sm_container.readahead.ahead import ReadAhead
from sm_container.readahead.order import Reading
from sm_container.readahead.window import LONGEST, PART
from tests.readahead.sources import Memory
from tests.readahead.test_reader import MIB, eventually


def asked(sources: Sequence[Memory]) -> list[int]:
    """How many bytes were asked of each."""
    return [sum(size for _, size in source.asked) for source in sources]


def held(*sizes: int) -> tuple[list[Memory], threading.Event]:
    """Sources that give a little of each part, and no more before the gate is opened."""
    gate = threading.Event()
    return [Memory(bytes(size), gate=gate, gate_after=64 << 10) for size in sizes], gate


def test_all_that_fits_is_asked_for_at_the_first_read() -> None:
    sources, gate = held(60 * MIB, 0, 20 * MIB, 10, 3 * MIB)
    with ReadAhead(threads=32) as ahead:
        ahead.hint(sources, reading=Reading.WHOLE)
        assert len(ahead.open(sources[0]).read_at(0, 10)) == 10
        eventually(lambda: asked(sources) == [60 * MIB, 0, 20 * MIB, 10, 3 * MIB])
        assert ahead.counters().waits == 1
        gate.set()


def test_the_window_is_as_long_as_one_over_one_object_may_be() -> None:
    sources, gate = held(90 * MIB, 90 * MIB)
    with ReadAhead(threads=32) as ahead:
        ahead.hint(sources, reading=Reading.WHOLE)
        ahead.open(sources[0]).read_at(0, 10)
        eventually(lambda: sum(asked(sources)) > LONGEST - PART)
        assert asked(sources)[0] == 90 * MIB
        assert sum(asked(sources)) <= LONGEST + 10
        gate.set()


def test_it_goes_on_into_the_next_objects_while_one_is_read() -> None:
    sources = [Memory(bytes(40 * MIB)) for _ in range(6)]
    with ReadAhead(threads=1) as ahead:
        ahead.hint(sources, reading=Reading.WHOLE)
        reader = ahead.open(sources[0])
        reader.read_at(0, 10)
        eventually(lambda: sum(asked(sources)) > LONGEST - PART)
        before = sum(asked(sources))
        for at in range(0, 40 * MIB, MIB):
            reader.read_at(at, MIB)
        eventually(lambda: sum(asked(sources)) > before + 40 * MIB - PART)
        assert sum(asked(sources)) <= LONGEST + 40 * MIB
        reader.close()
        # All of these were there before they were opened.
        waits = ahead.counters().waits
        for source in sources[1:3]:
            assert ahead.open(source).read_at(0, MIB) == bytes(MIB)
        assert ahead.counters().waits == waits


def test_the_other_way_of_reading_begins_small() -> None:
    sources, gate = held(60 * MIB, 20 * MIB)
    with ReadAhead(threads=32) as ahead:
        ahead.hint(sources)
        ahead.open(sources[0]).read_at(0, 10)
        eventually(lambda: bool(sources[1].asked))
        assert sum(asked(sources)) < 8 * MIB
        gate.set()


@pytest.mark.parametrize("memory", [8 * MIB, 24 * MIB, 256 * MIB])
def test_several_runs_at_once_are_whole_within_the_memory(memory: int) -> None:
    chance = random.Random(memory)
    runs = [
        [Memory(os.urandom(chance.choice([0, 1, 5000, MIB, 3 * MIB, 9 * MIB]))) for _ in range(12)]
        for _ in range(3)
    ]
    found: list[bool] = []
    with ReadAhead(memory, threads=8) as ahead:

        def read(number: int) -> None:
            sources = runs[number]
            ahead.hint(sources, number, Reading.WHOLE)
            for source in sources:
                reader = ahead.open(source)
                steps = range(0, source.size, MIB)
                got = b"".join(reader.read_at(at, MIB) for at in steps)
                found.append(got == source.content)
                reader.close()

        threads = [threading.Thread(target=read, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert ahead.counters().peak <= memory
    assert found == [True] * 36


def test_without_a_rival_no_byte_is_fetched_twice() -> None:
    sources = [Memory(os.urandom(size)) for size in (5 * MIB, 0, 100, 17 * MIB, 3, 2 * MIB)]
    with ReadAhead(16 * MIB, threads=4) as ahead:
        ahead.hint(sources, reading=Reading.WHOLE)
        for source in sources:
            reader = ahead.open(source)
            assert reader.read_at(0, source.size) == source.content
            reader.close()
        assert ahead.counters().fetched == sum(source.size for source in sources)


def test_objects_that_are_passed_over_cost_no_memory() -> None:
    sources = [Memory(bytes(2 * MIB)) for _ in range(80)]
    with ReadAhead(32 * MIB) as ahead:
        ahead.hint(sources, reading=Reading.WHOLE)
        for source in sources[::7]:
            reader = ahead.open(source)
            assert reader.read_at(0, 2 * MIB) == source.content
            reader.close()
        assert ahead.counters().peak <= 32 * MIB


def test_a_run_that_is_over_is_cancelled() -> None:
    sources, gate = held(*[10 * MIB] * 4)
    with ReadAhead() as ahead:
        ahead.hint(sources, "train", Reading.WHOLE)
        reader = ahead.open(sources[0])
        reader.read_at(0, 10)
        eventually(lambda: asked(sources) == [10 * MIB] * 4)
        reader.close()
        ahead.hint((), "train")
        eventually(lambda: all(source.cancelled for source in sources))
        gate.set()


def test_a_reader_that_jumps_is_no_worse_off() -> None:
    content = os.urandom(60 * MIB)
    sources = [Memory(content), Memory(content)]
    with ReadAhead(32 * MIB) as ahead:
        ahead.hint(sources, reading=Reading.WHOLE)
        reader = ahead.open(sources[0])
        for at in (0, 40 * MIB, 5 * MIB, 59 * MIB, 20 * MIB, 0):
            assert reader.read_at(at, MIB) == content[at : at + MIB]
