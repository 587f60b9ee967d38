"""A log as it grows: every line once, however it is cut."""

from __future__ import annotations

from pathlib import Path

from sm_container.harness.report.following import PIECE, Piece, piece


def test_whole_lines_one_piece_after_the_other(hostile_tmp_path: Path) -> None:
    log = hostile_tmp_path / "algo-1.log"
    assert piece(log) == Piece("", 0, True)
    log.write_bytes(b"one\ntwo\nthr")
    assert piece(log) == Piece("one\ntwo\n", 8, True)
    assert piece(log, 8) == Piece("", 8, True)
    log.write_bytes(b"one\ntwo\nthree\n\x1b[1mfour")
    assert piece(log, 8) == Piece("three\n", 14, True)
    assert piece(log, 14) == Piece("", 14, True)
    assert piece(log, 14, is_ended=True) == Piece("four", 22, True)
    assert piece(log, 99, is_ended=True) == Piece("", 99, True)


def test_what_is_too_much_is_left_out(hostile_tmp_path: Path) -> None:
    log = hostile_tmp_path / "algo-1.log"
    log.write_bytes(b"".join(b"%07d\n" % number for number in range(50_000)))
    found = piece(log, 80)
    assert not found.is_whole
    assert found.end == 400_000
    assert PIECE - 8 <= len(found.text) <= PIECE
    assert found.text.startswith(f"{(400_000 - len(found.text)) // 8:07}\n")

    log.write_bytes(b"x" * 3 * PIECE)  # one line, which does not end
    assert len(piece(log).text) == PIECE
