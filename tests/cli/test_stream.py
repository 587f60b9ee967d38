"""Streams whose reader goes away."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

from sm_container.cli.stream import Stream


def pipe() -> tuple[int, Stream]:
    reader, writer = os.pipe()
    return reader, Stream(os.fdopen(writer, "w", encoding="ascii"))


def test_bytes_and_lines_come_through_in_order() -> None:
    reader, stream = pipe()

    stream.write(b"\xff\x00raw\n")
    stream.line("caf\u00e9", fg="red")
    stream.text().write("drawn\n")

    assert os.read(reader, 100) == b"\xff\x00raw\ncaf\\xe9\ndrawn\n"
    assert stream.fault is None
    os.close(reader)


def test_after_the_reader_is_gone_nothing_fails() -> None:
    reader, stream = pipe()
    os.close(reader)

    for _ in range(3):
        stream.write(b"lost\n")
    stream.text().write("lost")

    assert stream.fault is not None
    assert stream.fault.errno == errno.EPIPE


def test_a_full_disk_is_such_a_fault_too() -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        stream = Stream(full)
        stream.write(b"lost\n")
        assert stream.fault is not None
        assert stream.fault.errno == errno.ENOSPC


def test_the_interpreter_ends_in_peace() -> None:
    script = (
        "import sys; from sm_container.cli.stream import Stream\n"
        "out = Stream(sys.stdout); sys.stdin.read()\n"
        "out.line('lost'); print('lost'); sys.exit(7)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()

    _, said = process.communicate(b"")

    assert process.returncode == 7
    assert said == b""
