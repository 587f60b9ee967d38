"""Definitions against logs, in a process that dies of some patterns."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from sm_container.contract.metrics import MetricDefinition
from sm_container.harness.logs.capture import TIMES_ENTRY
from sm_container.harness.metrics.block import Block
from sm_container.harness.metrics.budget import Limits
from sm_container.harness.metrics.parser import Parser
from sm_container.harness.metrics.process import ParserError
from sm_container.harness.metrics.tally import Tally

QUICK = Limits(seconds=0.2)
EXPONENTIAL = r"^(?=(?:a|a)*;)a*;=(\d)"
"""RE2 does not take it, and ``re`` takes 2^n steps for n a's without a semicolon."""
LETHAL = b"a" * 64 + b"!\n"


@pytest.fixture
def parsing() -> Iterator[Callable[..., Parser]]:
    """Parsers that are closed in the end, whatever became of the test."""
    parsers: list[Parser] = []

    def parser(
        *definitions: tuple[str, str], limits: Limits = QUICK, points: bool = False
    ) -> Parser:
        made = Parser(
            [MetricDefinition(*each) for each in definitions], points=points, limits=limits
        )
        parsers.append(made)
        return made

    yield parser
    for each in parsers:
        each.close()


def last(parser: Parser, log: bytes) -> dict[str, float]:
    """The last value by metric, of a log that is one block."""
    return {name: tally.last for name, tally in parser.parse(Block(0, log)).tallies.items()}


def test_tallies_and_points(parsing: Callable[..., Parser]) -> None:
    parser = parsing(("a b", r"a=(\S+)"), ('"ü"', r"u=(\S+)"), points=True)
    times = TIMES_ENTRY.pack(100, 1_000) + TIMES_ENTRY.pack(109, 2_500)
    report = parser.parse(Block(100, b"a=1 u=2\n\na=3\nu=nan a=-inf\na=x\n", times))
    assert report.tallies == {
        "a b": Tally(2, 1, 3.0, 1.0, 3.0, 1.0, 2.5),
        '"ü"': Tally(1, 1, 2.0, 2.0, 2.0, 1.0, 1.0),
    }
    assert sorted(map(json.dumps, map(json.loads, report.points.splitlines()))) == sorted(
        json.dumps({"Timestamp": at, "MetricName": name, "Value": value})
        for at, name, value in [
            *((1.0, "a b", 1.0), (1.0, '"ü"', 2.0), (2.5, "a b", 3.0)),
            *((2.5, '"ü"', "NaN"), (2.5, "a b", "-Infinity")),
        ]
    )
    assert parser.parse(Block(133, b"nothing\n", times)).tallies == {}


def test_bytes_that_are_no_text_are_in_nobodys_way(parsing: Callable[..., Parser]) -> None:
    parser = parsing(("a", r"^a=(\d)"), ("b", r"b=(\d)"), ("c", r"c=(\d+)"), ("d", "d=(.)é"))
    assert last(parser, b"a=1\xff b=2\xc3\nc=\xe4\xb8 c=3\r\x00\nd=4\xc3\xa9") == {
        "a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0,
    }  # fmt: skip


def test_lines_that_begin_with_their_times(parsing: Callable[..., Parser]) -> None:
    parser = parsing(("a", r"^a=(\d)"))
    log = b"a=1\n1970-01-01T00:01:40.5Z a=2\na=3\n1970-01-01T00:02:00Z x\n"
    assert parser.parse(Block(0, log)).tallies["a"] == Tally(3, 0, 3.0, 1.0, 3.0, None, 100.5)
    assert parser.parse(Block(len(log), b"a=4\n")).tallies["a"].last_at == 120.0


def test_two_definitions_of_one_name_are_one_metric(parsing: Callable[..., Parser]) -> None:
    parser = parsing(("a", r"new=(\d)"), ("a", r"old=(\d)"))
    assert parser.parse(Block(0, b"old=1\nold=2 new=3\n")).tallies["a"].to_row()[:3] == [3, 0, 2.0]


def test_re2_takes_over_what_takes_python_too_long(parsing: Callable[..., Parser]) -> None:
    parser = parsing(("slow", r"(?:a+)+;=(\d)"), ("other", r"b=(\d)"))
    assert last(parser, b"b=1\n" + b"a" * 64 + b"! aa;=7\nb=2\n") == {"slow": 7.0, "other": 2.0}
    assert parser.notes == [
        "metric 'slow': its pattern took more than 0.2 s, or too much memory, on a line of 71 "
        "bytes; RE2 evaluates it from there on; let its repeats exclude what follows them, as "
        "[^;]* in place of .* before a semicolon"
    ]
    pid = parser.start().pid
    assert last(parser, b"a" * 1_000_000 + b"! a;=8\n") == {"slow": 8.0}
    assert parser.start().pid == pid


def test_a_line_is_passed_over_where_re2_cannot_help(parsing: Callable[..., Parser]) -> None:
    parser = parsing(("slow", EXPONENTIAL), ("other", r"a+(!)?(\d?)"), ("b", r"b=(\d)"))
    assert last(parser, b"aa;=1\n" + LETHAL + b"a;=2 b=3\n") == {"slow": 2.0, "b": 3.0}
    [note] = parser.notes
    assert note.startswith("metric 'slow': its pattern took more than 0.2 s")
    assert "on a line of 65 bytes, which was passed over; RE2 cannot take it" in note
    assert last(parser, LETHAL + b"b=4\naa;=5\n") == {"slow": 5.0, "b": 4.0}
    assert len(parser.notes) == 1


def test_a_metric_is_given_up_after_three_such_lines(parsing: Callable[..., Parser]) -> None:
    parser = parsing(("b", r"b=(\d)"), ("slow", EXPONENTIAL), ("c", r"c=(\d)"))
    assert last(parser, b"a;=1\n" + LETHAL * 5 + b"a;=2\nb=3 c=4\n") == {"b": 3.0, "c": 4.0}
    assert parser.notes[1:] == ["metric 'slow' was given up after 3 such lines"]
    assert last(parser, LETHAL + b"c=5\n") == {"c": 5.0}


def test_a_pattern_that_takes_too_much_memory(parsing: Callable[..., Parser]) -> None:
    parser = parsing(
        ("large", r"x(?:(a)|b)*(?=c)"), ("b", r"b=(\d)"), limits=Limits(60.0, 100 << 20)
    )
    assert last(parser, b"b=1\nx" + b"ab" * 1_000_000 + b"\n") == {"b": 1.0}
    assert "on a line of 2,000,001 bytes, which was passed over" in parser.notes[0]


def test_slow_patterns_that_are_within_their_limits_are_left_alone(
    parsing: Callable[..., Parser],
) -> None:
    """Together they take far longer than any of them may."""
    definitions = [(f"m{n}", rf"(?=a)(?:a|a){{13}};(\d)|m{n}=(?=\d)(\d)") for n in range(20)]
    parser = parsing(*definitions)
    log = (b"a" * 14 + b"!\n") * 100
    began = psutil.Process(parser.start().pid).cpu_times().user
    parser.parse(Block(0, log))
    assert psutil.Process(parser.start().pid).cpu_times().user - began > 2 * QUICK.seconds
    assert parser.notes == []


def test_only_the_search_that_is_slow_is_blamed(parsing: Callable[..., Parser]) -> None:
    definitions = [(f"m{n}", rf"(?=a)a+;m{n}=(\d)") for n in range(39)]
    parser = parsing(*definitions[:20], ("slow", EXPONENTIAL), *definitions[20:])
    log = b"a;m3=1\na;m30=2\n" * 2000 + LETHAL + b"a;m3=3\na;m38=4\n" * 2000
    assert last(parser, log) == {"m3": 3.0, "m30": 2.0, "m38": 4.0}
    assert len(parser.notes) == 1
    assert "'slow'" in parser.notes[0]


def test_what_only_re2_takes_is_said(parsing: Callable[..., Parser]) -> None:
    parser = parsing(("upper", r"\p{Lu}=(\d)"))
    assert parser.notes == ["metric 'upper': Python's re does not take its pattern, RE2 does"]
    assert last(parser, "É=1 é=2".encode()) == {"upper": 1.0}


def test_a_process_that_somebody_kills_is_a_fault(parsing: Callable[..., Parser]) -> None:
    parser = parsing(("a", r"a=(\d)"))
    assert last(parser, b"a=1\n") == {"a": 1.0}
    os.kill(parser.start().pid, signal.SIGTERM)
    with pytest.raises(ParserError, match="the parser of metrics ended with -15"):
        parser.parse(Block(4, b"a=2\n"))


def test_the_last_words_of_the_process_are_in_the_fault(
    parsing: Callable[..., Parser], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = (sys.executable, "-c", "raise SystemExit('no memory for me')")
    monkeypatch.setattr("sm_container.harness.metrics.process.COMMAND", command)
    with pytest.raises(ParserError, match="ended with 1: no memory for me"):
        parsing(("a", r"a=(\d)")).parse(Block(0, b"a=1\n" * 100_000))


def test_it_can_be_ended_in_the_middle_of_a_search(parsing: Callable[..., Parser]) -> None:
    parser = parsing(("slow", EXPONENTIAL), limits=Limits(seconds=3600))
    process = psutil.Process(parser.start().pid)
    faults: list[ParserError] = []

    def parse() -> None:
        try:
            parser.parse(Block(0, LETHAL))
        except ParserError as fault:
            faults.append(fault)

    thread = threading.Thread(target=parse)
    thread.start()
    wait_until(lambda: process.cpu_times().user > 0.5)
    parser.kill()
    thread.join()
    assert [str(fault) for fault in faults] == ["the parser of metrics was ended"]
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


HARNESS = """
import sys
from sm_container.contract.metrics import MetricDefinition
from sm_container.harness.metrics.block import Block
from sm_container.harness.metrics.budget import Limits
from sm_container.harness.metrics.parser import Parser
parser = Parser([MetricDefinition("m", sys.argv[1])], limits=Limits(seconds=1.0))
print(parser.start().pid, flush=True)
parser.parse(Block(0, sys.argv[2].encode()))
print("parsed", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("is_busy", [False, True])
def test_the_process_ends_with_the_harness(is_busy: bool) -> None:
    pattern, line = (EXPONENTIAL, LETHAL.decode()) if is_busy else (r"a=(\d)", "a=1")
    harness = subprocess.Popen(
        [sys.executable, "-c", HARNESS, pattern, line],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert harness.stdout is not None
    worker = psutil.Process(int(harness.stdout.readline()))
    if is_busy:
        wait_until(lambda: worker.cpu_times().user > 0.3)
    else:
        assert harness.stdout.readline() == "parsed\n"
    harness.kill()
    harness.communicate()
    wait_until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_nothing_is_left_open(tmp_path: Path) -> None:
    before = os.listdir("/proc/self/fd")
    with closing(Parser([MetricDefinition("slow", EXPONENTIAL)], limits=QUICK)) as parser:
        parser.parse(Block(0, LETHAL))
    assert os.listdir("/proc/self/fd") == before
