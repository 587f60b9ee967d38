"""Capturing output: real pipes, real writers, no byte lost."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sm_container.harness.logs.capture import capture
from sm_container.harness.logs.reading import tail, timed_lines


def captured(log: Path, program: str, *arguments: str) -> tuple[bytes, bytes]:
    """What a program's output became in the log, and what a live listener got."""
    out, err = os.pipe(), os.pipe()
    live = bytearray()
    child = subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=out[1], stderr=err[1]
    )
    os.close(out[1])
    os.close(err[1])
    capture(out[0], err[0], log, live.extend)
    assert child.wait() == 0
    return log.read_bytes(), bytes(live)


def test_lines_of_two_streams_keep_their_order_and_never_mix(hostile_tmp_path: Path) -> None:
    program = """
import os, threading
def write(descriptor, name):
    for number in range(20_000):
        line = b"%s %d %s\\n" % (name, number, b"x" * (number % 90))
        half = len(line) // 2
        os.write(descriptor, line[:half]); os.write(descriptor, line[half:])
threads = [threading.Thread(target=write, args=a) for a in ((1, b"out"), (2, b"err"))]
[t.start() for t in threads]; [t.join() for t in threads]
"""
    data, live = captured(hostile_tmp_path / "log", program)
    assert live == data
    for name in (b"out", b"err"):
        mine = [line for line in data.splitlines() if line.startswith(name)]
        assert mine == [b"%s %d %s" % (name, n, b"x" * (n % 90)) for n in range(20_000)]


def test_a_hundred_thousand_lines_arrive(hostile_tmp_path: Path) -> None:
    program = 'import sys; sys.stdout.write("".join(f"line {n}\\n" for n in range(100_000)))'
    data, _ = captured(hostile_tmp_path / "log", program)
    assert data == b"".join(b"line %d\n" % n for n in range(100_000))


def test_bytes_that_are_no_text_come_through(hostile_tmp_path: Path) -> None:
    program = r"import os; os.write(1, b'\xff\xfe\x00 \xc3'); os.write(1, b'\xbc\r50%\r\n')"
    data, _ = captured(hostile_tmp_path / "log", program)
    assert data == b"\xff\xfe\x00 \xc3\xbc\r50%\r\n"


def test_a_line_of_ten_megabytes_stays_one_line(hostile_tmp_path: Path) -> None:
    program = 'import os; os.write(2, b"e\\n"); print("x" * 10_000_000); os.write(2, b"e\\n")'
    data, _ = captured(hostile_tmp_path / "log", program)
    assert sorted(data.splitlines(), key=len) == [b"e", b"e", b"x" * 10_000_000]


def test_what_ends_without_a_newline_gets_one(hostile_tmp_path: Path) -> None:
    program = 'import os; os.write(1, b"no end"); os.close(1); os.write(2, b"last words")'
    data, _ = captured(hostile_tmp_path / "log", program)
    assert sorted(data.splitlines(keepends=True)) == [b"last words\n", b"no end\n"]


ENDLESS = """
import sys, os, re, threading
from pathlib import Path
from sm_container.harness.logs.capture import capture
out, err = os.pipe(), os.pipe()
os.close(err[1])
def write():
    for _ in range(600): os.write(out[1], b"x" * 1_000_000)
    os.close(out[1])
threading.Thread(target=write).start()
capture(out[0], err[0], Path(sys.argv[1]))
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


def test_a_line_without_an_end_does_not_fill_the_memory(hostile_tmp_path: Path) -> None:
    log = hostile_tmp_path / "log"
    run = subprocess.run(
        [sys.executable, "-c", ENDLESS, str(log)], capture_output=True, check=True, text=True
    )
    assert log.stat().st_size == 600_000_001
    assert int(run.stdout) < 120


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from([0, 1]), st.binary(max_size=20) | st.just(b"\n")), max_size=30
    )
)
def test_whatever_is_written_each_streams_lines_are_there(
    tmp_path: Path, writes: list[tuple[int, bytes]]
) -> None:
    log = tmp_path / "log"
    log.unlink(missing_ok=True)
    pipes = [os.pipe(), os.pipe()]
    listener = threading.Thread(target=capture, args=(pipes[0][0], pipes[1][0], log))
    listener.start()
    for stream, data in writes:
        os.write(pipes[stream][1], data)
    for _, end in pipes:
        os.close(end)
    listener.join()

    lines = log.read_bytes().split(b"\n")[:-1]
    for stream in (0, 1):
        sent = b"".join(data for target, data in writes if target == stream)
        expected = sent.split(b"\n")
        expected = expected[:-1] if expected[-1] == b"" else expected
        remaining = iter(lines)
        assert all(any(line == found for found in remaining) for line in expected)
    total = [b"".join(d for t, d in writes if t == stream) for stream in (0, 1)]
    assert len(lines) == sum(len(t.split(b"\n")) - (not t or t.endswith(b"\n")) for t in total)


def test_each_line_has_the_time_it_came(hostile_tmp_path: Path) -> None:
    import time

    log = hostile_tmp_path / "log"
    out, err = os.pipe(), os.pipe()
    listener = threading.Thread(target=capture, args=(out[0], err[0], log))
    listener.start()
    before = time.time()
    os.write(out[1], b"first\n")
    while not log.exists() or not log.stat().st_size:
        threading.Event().wait(0.005)
    between = time.time()
    os.write(err[1], b"second\nthird\n")
    os.close(out[1])
    os.close(err[1])
    listener.join()

    times, lines = zip(*timed_lines(log), strict=True)
    assert lines == (b"first", b"second", b"third")
    assert before - 0.001 <= times[0] <= between
    assert between - 0.001 <= times[1] == times[2] <= time.time()


def test_tail(hostile_tmp_path: Path) -> None:
    log = hostile_tmp_path / "log"
    assert tail(log, 3) == b""
    log.write_bytes(b"".join(b"%d %s\n" % (n, b"y" * 1000) for n in range(1000)))
    assert tail(log, 2) == b"".join(b"%d %s\n" % (n, b"y" * 1000) for n in (998, 999))
    assert tail(log, 0) == b""
    assert tail(log, 5000) == log.read_bytes()
