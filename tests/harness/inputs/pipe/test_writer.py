"""Writing into a pipe: what is put and what is written, what splice refuses, who waits for whom."""

from __future__ import annotations

import errno
import os
import select
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sm_container.harness.engines.leftovers import eventually
from sm_container.harness.inputs.pipe.counters import PipeCounters
from sm_container.harness.inputs.pipe.stop import Stop, StoppedError
from sm_container.harness.inputs.pipe.writer import (
    FifoWriter,
    ReaderGoneError,
    SourceEndedError,
)


@dataclass
class Pipe:
    reading: int
    writing: int
    stop: Stop = field(default_factory=Stop)
    counters: PipeCounters = field(default_factory=PipeCounters)

    def __post_init__(self) -> None:
        self.writer = FifoWriter(self.writing, self.stop, self.counters)

    def has_room(self) -> bool:
        return bool(select.select([], [self.writing], [], 0)[1])

    def read_all(self, after: Callable[[], bool] = lambda: True) -> None:
        """Read in a thread, until `end`; begin once that holds."""
        self.taken = bytearray()

        def read() -> None:
            assert eventually(after, 10)
            while block := os.read(self.reading, 1 << 20):
                self.taken += block

        self._reader = threading.Thread(target=read)
        self._reader.start()

    def end(self) -> bytes:
        """Close the pipe at this end; all that was read at the other."""
        os.close(self.writing)
        self.writing = -1
        self._reader.join()
        return bytes(self.taken)

    def leave(self) -> None:
        """Close the pipe at its reader's end."""
        os.close(self.reading)
        self.reading = -1


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    pipe = Pipe(reading, writing)
    yield pipe
    for descriptor in (pipe.reading, pipe.writing):
        if descriptor >= 0:
            os.close(descriptor)
    pipe.stop.close()


@pytest.fixture
def source(hostile_tmp_path: Path) -> Iterator[int]:
    path = hostile_tmp_path / "source"
    path.write_bytes(bytes(range(256)) * 4096)
    descriptor = os.open(path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def test_what_is_put_comes_before_what_is_written_after_it(pipe: Pipe, source: int) -> None:
    pipe.read_all()
    pipe.writer.put(b"a")
    assert pipe.counters.sent == 0
    pipe.writer.write(b"b")
    pipe.writer.put(b"c")
    pipe.writer.send_file(source, 1, 3)
    pipe.writer.send_file(source, 0, 1 << 20)
    pipe.writer.put(b"d")
    pipe.writer.flush()
    whole = bytes(range(256)) * 4096
    assert pipe.end() == b"abc\x01\x02" + whole + b"d"
    assert pipe.counters.sent == len(pipe.taken)


def test_what_is_put_is_not_held_without_bound(pipe: Pipe) -> None:
    pipe.read_all()
    for _ in range(100):
        pipe.writer.put(bytes(1000))
    assert pipe.counters.sent >= 64 << 10
    pipe.end()


def test_a_file_that_cannot_be_spliced_is_read(
    pipe: Pipe, source: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kernels before 6.5 have file systems without splice; this one may have none."""
    asked: list[int] = []

    def refuse(*_: object, **__: object) -> int:
        asked.append(1)
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "splice", refuse)
    pipe.read_all()
    for _ in range(2):
        pipe.writer.send_file(source, 100, 1 << 20)
    pipe.writer.flush()
    assert pipe.end() == (bytes(range(256)) * 4096)[100:] * 2
    assert len(asked) == 1


@pytest.mark.parametrize("end", [(1 << 20) + 1, (1 << 20) + (1 << 16)])
@pytest.mark.parametrize("start", [0, (1 << 20) - 10])
def test_a_file_that_ends_early_is_told(pipe: Pipe, source: int, start: int, end: int) -> None:
    pipe.read_all()
    with pytest.raises(SourceEndedError):
        pipe.writer.send_file(source, start, end)
    pipe.end()


def test_a_reader_that_is_gone_is_told(pipe: Pipe, source: int) -> None:
    pipe.leave()
    with pytest.raises(ReaderGoneError):
        pipe.writer.write(b"x")
    with pytest.raises(ReaderGoneError):
        pipe.writer.send_file(source, 0, 1 << 20)


def test_a_stop_is_heard_before_a_full_pipe(pipe: Pipe, source: int) -> None:
    threading.Timer(0.05, pipe.stop.set).start()
    with pytest.raises(StoppedError):
        pipe.writer.send_file(source, 0, 1 << 20)
    assert pipe.counters.blocked > 0


def test_a_reader_that_is_slow_blocks(pipe: Pipe, source: int) -> None:
    pipe.read_all(after=lambda: not pipe.has_room())
    pipe.writer.send_file(source, 0, 1 << 20)
    assert pipe.counters.blocked > 0
    pipe.end()


def test_a_source_that_is_slow_starves_the_reader(pipe: Pipe) -> None:
    pipe.read_all()
    for number in range(3):
        time.sleep(0.02)
        pipe.writer.write(b"x" * 100)
        assert eventually(lambda: len(pipe.taken) == (number + 1) * 100, 10)  # noqa: B023
    assert pipe.counters.starved >= 0.06
    assert pipe.counters.blocked == 0
    pipe.end()


def test_a_reader_that_waited_until_the_end_was_starved(pipe: Pipe) -> None:
    time.sleep(0.02)
    pipe.writer.end()
    assert pipe.counters.starved >= 0.02


def test_a_reader_that_had_data_until_the_end_was_not_starved(pipe: Pipe) -> None:
    pipe.writer.write(b"x")
    before = pipe.counters.starved  # until the first byte came
    time.sleep(0.02)
    pipe.writer.end()
    assert pipe.counters.starved == before


def test_a_wait_that_begins_after_the_stop_ends_at_once() -> None:
    stop = Stop()
    stop.set()
    woken: list[int] = []
    with pytest.raises(StoppedError), stop.waking(lambda: woken.append(1)):
        pytest.fail("it was to end before")
    assert woken == []
    stop.close()
