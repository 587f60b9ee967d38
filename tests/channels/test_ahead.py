"""A FIFO read ahead by a thread: every byte in order, no more ahead than it may, and every end."""

from __future__ import annotations

import os
import random
import signal
import threading
from pathlib import Path

import numpy as np
import pytest

from sm_container.channels.ahead import FifoAhead
from sm_container.channels.errors import ChannelTimeoutError
from sm_container.channels.pipe import Interrupted
from sm_container.channels.stopping import StopSignal
from sm_container.records.recordio import read_frames, read_records
from tests.channels.feeding import WAIT, framed, writer


@pytest.fixture
def fifo(hostile_tmp_path: Path) -> Path:
    path = hostile_tmp_path / "train_0"
    os.mkfifo(path)
    return path


def sent(fifo: Path, data: bytes, piece: int) -> threading.Thread:
    """A thread that writes the data, so many bytes at a time."""

    def write() -> None:
        with fifo.open("wb", buffering=0) as file:
            for start in range(0, len(data), piece):
                view = memoryview(data)[start : start + piece]
                while view:
                    view = view[file.write(view) :]

    thread = threading.Thread(target=write)
    thread.start()
    return thread


def test_all_bytes_and_then_the_end(fifo: Path, no_leaks: None) -> None:
    program = "for n in range(100): fifo.write(bytes([n]) * 50_001)"
    with writer(fifo, program), FifoAhead(fifo, timeout=WAIT) as reader:
        assert reader.read() == b"".join(bytes([n]) * 50_001 for n in range(100))
        assert reader.read(1) == b""
        assert reader.met_writer()


@pytest.mark.parametrize("longest", [500, 300_000, 3_000_000])
def test_records_of_any_length_are_whole(fifo: Path, longest: int, no_leaks: None) -> None:
    """Those longer than what is kept of one buffer for the next ones, too."""
    chance = random.Random(longest)
    payloads = [chance.randbytes(chance.randint(0, longest)) for _ in range(12_000_000 // longest)]
    thread = sent(fifo, framed(*payloads), 70_001)
    with FifoAhead(fifo, timeout=WAIT) as reader:
        assert list(map(bytes, read_records(reader, "train_0"))) == payloads
    thread.join()


def test_records_lie_at_whole_words(fifo: Path) -> None:
    """Whatever the sizes of what comes: words that are not aligned are slow to look at."""
    thread = sent(fifo, framed(*[bytes(range(100))] * 50_000), 10_007)
    with FifoAhead(fifo, timeout=WAIT) as reader:
        for frames in read_frames(reader, "train_0"):
            first = frames.data.__array_interface__["data"][0] + int(frames.starts[0])
            assert first % 4 == 0
    thread.join()


def test_what_is_lent_is_looked_at_in_one_go(fifo: Path) -> None:
    """Each look has a cost of its own, so none is for a rest of a few records."""
    lent: list[int] = []

    class Counted(FifoAhead):
        def lend(self, kept: memoryview) -> memoryview | None:
            buffer = super().lend(kept)
            lent.append(0 if buffer is None else len(buffer))
            return buffer

    thread = sent(fifo, framed(*[bytes(100)] * 120_000), 1 << 20)
    with Counted(fifo, timeout=WAIT) as reader:
        blocks = [len(frames) for frames in read_frames(reader, "train_0")]
    thread.join()
    assert sum(blocks) == 120_000
    assert blocks == [size // 108 for size in lent if size]


def test_a_lent_buffer_stays_until_the_next_is_asked_for(fifo: Path) -> None:
    data = np.arange(4 << 20, dtype="<u4").tobytes()
    thread = sent(fifo, data, 1 << 20)
    with FifoAhead(fifo, timeout=WAIT) as reader:
        found, kept = b"", memoryview(b"")
        while len(found) + len(kept) < len(data):
            lent = reader.lend(kept)
            assert lent is not None
            before = bytes(lent)
            if len(found) + len(before) < len(data):
                assert reader.readinto(bytearray(0)) == 0  # once the next bytes are there
            assert lent == before
            kept = lent[-5:]
            found += before[:-5]
        assert found + kept == data
        assert reader.lend(kept) == kept
    thread.join()


def test_more_than_it_keeps_is_not_taken(fifo: Path) -> None:
    with writer(fifo, "fifo.write(b'abc')"), FifoAhead(fifo, timeout=WAIT) as reader:
        assert reader.lend(memoryview(bytes(2 << 20))) is None
        assert reader.read(2) == b"ab"
        assert reader.lend(memoryview(b"kept")) == b"keptc"


@pytest.mark.parametrize("there", ["nothing", "a FIFO", "a writer"])
def test_a_stop_ends_each_wait(hostile_tmp_path: Path, there: str, no_leaks: None) -> None:
    path = hostile_tmp_path / "train_0"
    held = -1
    if there != "nothing":
        os.mkfifo(path)
    if there == "a writer":
        held = os.open(path, os.O_RDWR)
    stop, waits = StopSignal(), threading.Event()
    reader = FifoAhead(path, (stop,), before_wait=waits.set)
    threading.Thread(target=lambda: waits.wait(WAIT) and stop.set()).start()
    with pytest.raises(Interrupted):
        reader.read(1)
    assert reader.met_writer() == (there == "a writer")
    reader.close()
    if held >= 0:
        os.close(held)


def test_a_signal_handler_ends_a_wait_of_the_main_thread(fifo: Path, no_leaks: None) -> None:
    stop = StopSignal()
    before = signal.signal(signal.SIGALRM, lambda *_: stop.set())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with FifoAhead(fifo, (stop,)) as reader, pytest.raises(Interrupted):
            reader.read(1)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_fault_comes_after_the_bytes_before_it(fifo: Path, no_leaks: None) -> None:
    held = os.open(fifo, os.O_RDWR)
    os.write(held, b"abc")
    with FifoAhead(fifo, timeout=0.05) as reader:
        assert reader.read(10) == b"abc"
        for _ in range(2):  # and again for who asks again
            with pytest.raises(ChannelTimeoutError, match=r"sent nothing for 0\.05 s"):
                reader.read(1)
    os.close(held)


@pytest.mark.parametrize("read", [0, 10, 5 << 20])
def test_early_close_is_the_writers_to_hear(fifo: Path, read: int, no_leaks: None) -> None:
    program = (
        "try:\n    for n in range(1000): fifo.write(bytes(1 << 20))\n"
        "except BrokenPipeError: sys.exit(42)"
    )
    with writer(fifo, program) as process:
        with FifoAhead(fifo, timeout=WAIT) as reader:
            left = 1 + read
            while left > 0:
                left -= len(reader.read(left))
        assert process.wait(WAIT) == 42
