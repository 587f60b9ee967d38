"""The results page says what was measured, and nothing that names the host."""

from __future__ import annotations

import os
import socket

import pytest

from benchmarks.__main__ import main, names
from benchmarks.report import machine_facts, page
from benchmarks.row import Row, at_least, at_most, within


def test_a_speed_is_how_many_times_as_fast_as_the_rival() -> None:
    row = Row("start", 0.05, "the other", 0.25, at_least(4))

    assert row.ratio == pytest.approx(5)
    assert row.met
    assert row.target.text == "at least 4x"
    assert not Row("start", 0.1, "the other", 0.25, at_least(4)).met


def test_a_cost_is_a_bound_on_the_time() -> None:
    row = Row("save", 0.11, "write", 0.1, at_most(1.2))

    assert row.ratio == pytest.approx(0.1 / 0.11)
    assert row.met
    assert row.target.text == "at most 1.2 times as long"
    assert not Row("save", 0.13, "write", 0.1, at_most(1.2)).met


def test_an_overhead_is_a_difference() -> None:
    assert Row("run", 0.6, "run", 0.35, within(0.3)).met
    assert not Row("run", 0.7, "run", 0.35, within(0.3)).met


def test_the_page_has_a_line_for_each_row_and_says_which_missed() -> None:
    met = Row("one | two", 0.001, "rival", 0.01, at_least(5), "a\nnote")
    missed = Row("three", 2.0, "rival", 1.0, within(0.3))

    text = page([met, missed], load=0.1)

    assert (
        "| one \\| two | 1.0 ms | rival | 10.0 ms | 10.00x | at least 5x | yes | a note |" in text
    )
    assert "| three | 2.00 s | rival | 1.00 s | 0.50x | at most 0.3 s more | **no** |  |" in text


def test_a_busy_machine_is_said_to_be_one() -> None:
    assert "**busy" in page([], load=64.0 * (os.cpu_count() or 1))
    assert "**busy" not in page([], load=0.0)


def test_the_machine_has_no_name() -> None:
    facts = "\n".join(machine_facts())

    assert "cores" in facts
    assert socket.gethostname() not in facts


def test_helpers_are_no_benchmarks() -> None:
    assert "engine_overhead" in names()
    assert not {"row", "report", "timing", "__main__"} & set(names())


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no-such-benchmark"]) == 2
    assert "no benchmark no-such-benchmark; there are: " in capsys.readouterr().err
