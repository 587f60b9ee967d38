"""A log in blocks of whole lines, however it grows."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sm_container.harness.logs.capture import LONGEST_HELD_LINE, TIMES_ENTRY, capture, times_of
from sm_container.harness.metrics.block import BLOCK, Block, LogReader


def blocks(reader: LogReader, *, is_last: bool = True) -> list[Block]:
    found = []
    while (block := reader.next(is_last=is_last)) is not None:
        found.append(block)
    return found


class Dribble(io.RawIOBase):
    """Gives what it has in pieces of its own choice, and nothing in between, as a growing log."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


@settings(deadline=None)
@given(st.lists(st.binary(max_size=6) | st.just(b"\n"), max_size=20))
def test_every_byte_once_in_whole_lines(pieces: list[bytes]) -> None:
    reader = LogReader(Dribble(list(pieces)))  # type: ignore[arg-type]
    found = []
    for _ in pieces:
        found += blocks(reader, is_last=False)
    found += blocks(reader)
    whole = b"".join(pieces)
    assert b"".join(block.data for block in found) == whole == whole[: reader.position]
    assert all(block.data.endswith(b"\n") for block in found[:-1])
    assert [block.start for block in found] == [
        sum(len(before.data) for before in found[:number]) for number in range(len(found))
    ]


def test_a_log_that_grows(hostile_tmp_path: Path) -> None:
    log = hostile_tmp_path / "log"
    log.write_bytes(b"one\ntw")
    with LogReader.open(log) as reader, log.open("ab") as file:
        assert blocks(reader, is_last=False) == [Block(0, b"one\n")]
        file.write(b"o\nthree")
        file.flush()
        assert blocks(reader, is_last=False) == [Block(4, b"two\n")]
        assert blocks(reader) == [Block(8, b"three")]
        assert blocks(reader) == []


def test_a_line_without_an_end_comes_in_pieces(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"x" * (2 * LONGEST_HELD_LINE + 3 * BLOCK) + b"\nend\n")
    with LogReader.open(log) as reader:
        found = blocks(reader)
    assert [len(block.data) for block in found[:2]] == [LONGEST_HELD_LINE + BLOCK] * 2
    assert b"".join(block.data for block in found) == log.read_bytes()


def test_there_is_no_reader_of_no_log(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LogReader.open(tmp_path / "none")


def test_each_line_has_the_time_at_which_it_was_captured(hostile_tmp_path: Path) -> None:
    log = hostile_tmp_path / "log"
    out, err = os.pipe(), os.pipe()
    listener = threading.Thread(target=capture, args=(out[0], err[0], log))
    listener.start()
    written = b""
    for data in (b"a\nbb\n", b"ccc\n", b"dddd\ne\n"):
        os.write(out[1], data)
        written += data
        while not log.exists() or log.stat().st_size < len(written):
            threading.Event().wait(0.002)
    os.close(out[1])
    os.close(err[1])
    listener.join()

    entries = list(TIMES_ENTRY.iter_unpack(times_of(log).read_bytes()))
    assert [offset for offset, _ in entries] == [0, 5, 9]
    moments = [milliseconds / 1000 for _, milliseconds in entries]
    with LogReader.open(log) as reader:
        [block] = blocks(reader)
    moment = block.moment_of()
    assert [moment(offset) for offset in (0, 2, 5, 9, 14)] == [moments[n] for n in (0, 0, 1, 2, 2)]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(0, 2**40)), min_size=1, max_size=30),
    st.lists(st.integers(1, 9), min_size=1, max_size=30),
)
def test_times_are_right_wherever_blocks_are_cut(
    writes: list[tuple[int, int]], cuts: list[int]
) -> None:
    log, times, expected = b"", b"", []
    for lines, moment in writes:
        times += TIMES_ENTRY.pack(len(log), moment)
        log += b"x\n" * lines
        expected += [moment / 1000] * lines
    pieces, at = [], 0
    for lines in (*cuts, len(log)):
        pieces.append(log[at : at + 2 * lines])
        at += 2 * lines
    pieces = [piece for piece in pieces if piece]
    reader = LogReader(Dribble(pieces), io.BytesIO(times))  # type: ignore[arg-type]
    found = []
    for block in blocks(reader):
        moment_of = block.moment_of()
        found += [moment_of(offset) for offset in range(0, len(block.data), 2)]
    assert found == expected


def test_without_times_there_is_no_moment() -> None:
    assert Block(7, b"a\n").moment_of()(0) is None
