"""More handles than memory, many threads, the next files, and a fork."""

from __future__ import annotations

import os
import pickle
import random
import signal
import threading
import time

import pytest

from sm_container.readahead import engine
from sm_container.readahead.ahead import ReadAhead
from sm_container.readahead.lazy import LazyFile
from tests.readahead.sources import Memory

MIB = 1 << 20
CONTENT = os.urandom(12 * MIB)


def wait_for(ahead: ReadAhead, count: int) -> None:
    """Wait until so many bytes have come; in vain where no more are asked for."""
    while ahead.counters().fetched < count:
        time.sleep(0.005)


def test_every_handle_gets_on_with_more_handles_than_buffers() -> None:
    with ReadAhead(8 * MIB, threads=4) as ahead:
        readers = [ahead.open(Memory(CONTENT)) for _ in range(100)]
        for at in range(0, 3 * MIB, MIB):
            for number, reader in enumerate(readers):
                offset = at + number
                assert reader.read_at(offset, 5000) == CONTENT[offset : offset + 5000]
        assert ahead.counters().peak <= 8 * MIB


def test_every_thread_gets_on_with_more_threads_than_buffers() -> None:
    done: list[int] = []

    def read(seed: int) -> None:
        choose = random.Random(seed)
        reader = readers[seed % len(readers)]
        for _ in range(15):
            offset, size = choose.randrange(len(CONTENT)), choose.randrange(2 * MIB)
            assert reader.read_at(offset, size) == CONTENT[offset : offset + size]
        done.append(seed)

    with ReadAhead(8 * MIB, threads=4) as ahead:
        readers = [ahead.open(Memory(CONTENT)) for _ in range(20)]
        threads = [threading.Thread(target=read, args=(seed,)) for seed in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(done) == list(range(40))
        assert ahead.counters().peak <= 8 * MIB


def test_a_reader_waits_while_views_hold_all_memory_and_goes_on_then() -> None:
    got: list[bytes] = []
    with ReadAhead(8 * MIB) as ahead:
        readers = [ahead.open(Memory(CONTENT)) for _ in range(9)]
        held = [reader.views_at(0, MIB) for reader in readers[:8]]
        # As much as fits beside one another; each holds a buffer of 1 MiB.
        for views in held:
            views.__enter__()
        thread = threading.Thread(target=lambda: got.append(readers[8].read_at(0, 10)))
        thread.start()
        thread.join(0.1)
        assert got == []
        held[0].__exit__(None, None, None)
        thread.join()
        assert got == [CONTENT[:10]]
        for views in held[1:]:
            views.__exit__(None, None, None)


def test_a_check_ends_a_wait_for_memory() -> None:
    class GivenUp(Exception):
        pass

    def check() -> None:
        raise GivenUp

    with ReadAhead(8 * MIB) as ahead:
        held = [ahead.open(Memory(CONTENT)).views_at(0, MIB) for _ in range(8)]
        for views in held:
            views.__enter__()
        reader = ahead.open(Memory(CONTENT), check)
        with pytest.raises(GivenUp):
            reader.read_at(0, 10)
        for views in held:
            views.__exit__(None, None, None)
        assert reader.source.asked == []


def test_handles_at_rest_give_their_memory_to_one_that_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "_IDLE_SECONDS", 0.0)
    with ReadAhead(8 * MIB) as ahead:
        resting = [ahead.open(Memory(CONTENT)) for _ in range(8)]
        for reader in resting:
            reader.read_at(0, 1)
        source = Memory(CONTENT, delay=0.02)
        reader = ahead.open(source)
        for at in range(0, 3 * MIB, MIB):
            reader.read_at(at, MIB)
        # It looks ahead too, which takes more memory than the parts that are read.
        while max(start + size for start, size in source.asked) < 5 * MIB:
            time.sleep(0.005)
        assert resting[0].read_at(0, MIB) == CONTENT[:MIB]


def test_the_next_files_are_fetched_ahead_the_more_the_longer_it_goes_in_order() -> None:
    sources = [Memory(CONTENT[:1000] + bytes([n])) for n in range(40)]
    with ReadAhead() as ahead:
        ahead.hint(sources)
        for number in range(5):
            with LazyFile(ahead.open(sources[number])) as file:
                assert file.read() == sources[number].content
        # After the fifth in a row sixteen more.
        wait_for(ahead, 21 * 1001)
        assert [bool(source.asked) for source in sources] == [True] * 21 + [False] * 19
        assert all(len(source.asked) <= 1 for source in sources)


def test_a_hint_for_a_shuffled_order() -> None:
    sources = [Memory(bytes([n]) * 100) for n in range(40)]
    shuffled = random.Random(7).sample(sources, len(sources))
    with ReadAhead() as ahead:
        ahead.hint(sources)
        ahead.hint(shuffled)
        for source in shuffled:
            assert ahead.open(source).read_at(0, 100) == source.content
        wait_for(ahead, 4000)
        assert all(source.asked == [(0, 100)] for source in sources)


def test_without_an_order_or_out_of_it_nothing_is_fetched_ahead() -> None:
    sources = [Memory(bytes(100)) for _ in range(40)]
    with ReadAhead() as ahead:
        ahead.open(sources[3]).read_at(0, 1)
        ahead.hint(sources)
        ahead.open(sources[30]).read_at(0, 1)
        ahead.open(sources[10]).read_at(0, 1)
        wait_for(ahead, 300)
        assert [number for number, source in enumerate(sources) if source.asked] == [3, 10, 30]


def test_a_fault_of_a_file_fetched_ahead_is_raised_when_it_is_read() -> None:
    sources = [Memory(bytes([n]) * 100) for n in range(4)]
    sources[1].faults = [OSError("gone")] * 2
    with ReadAhead() as ahead:
        ahead.hint(sources)
        assert ahead.open(sources[0]).read_at(0, 100) == sources[0].content
        while len(sources[1].faults) == 2:
            time.sleep(0.005)
        with pytest.raises(OSError, match="gone"):
            ahead.open(sources[1]).read_at(0, 100)


def test_a_child_of_a_fork_reads_on() -> None:
    source = Memory(CONTENT)
    with ReadAhead() as ahead:
        file = LazyFile(ahead.open(source))
        assert file.read(1000) == CONTENT[:1000]
        child = os.fork()
        if child == 0:
            # Nothing of pytest may run here.
            signal.alarm(60)
            os._exit(0 if file.read(2 * MIB) == CONTENT[1000 : 1000 + 2 * MIB] else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert file.read() == CONTENT[1000:]


def test_a_signal_reaches_a_reader_that_waits() -> None:
    class Stop(Exception):
        pass

    def stop(*_: object) -> None:
        raise Stop

    source = Memory(CONTENT, gate=threading.Event())
    before = signal.signal(signal.SIGUSR1, stop)
    try:
        with ReadAhead() as ahead:
            reader = ahead.open(source)

            def send() -> None:
                while not ahead.counters().waits:
                    time.sleep(0.005)
                os.kill(os.getpid(), signal.SIGUSR1)

            threading.Thread(target=send).start()
            with pytest.raises(Stop):
                reader.read_at(0, 10)
            assert source.gate is not None
            source.gate.set()
            assert reader.read_at(0, 10) == CONTENT[:10]
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_too_little_to_work_with_is_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        ReadAhead(MIB)
    with pytest.raises(ValueError, match="thread"):
        ReadAhead(threads=0)


def test_a_closed_one_refuses() -> None:
    ahead = ReadAhead()
    reader = ahead.open(Memory(CONTENT))
    ahead.close()
    with pytest.raises(ValueError, match="closed"):
        reader.read_at(0, 1)


def test_a_pickled_file_goes_on_at_its_place() -> None:
    with ReadAhead() as ahead:
        file = LazyFile(ahead.open(Memory(CONTENT)), "a")
        file.seek(5)
        copy = pickle.loads(pickle.dumps(file))
        assert (copy.read(3), copy.name) == (CONTENT[5:8], "a")
        copy.close()
        assert file.read(3) == CONTENT[5:8]
