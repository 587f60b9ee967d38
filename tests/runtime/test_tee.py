"""The program's output on its way through the supervisor: every byte, in order, never held."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import sys
import tempfile

import pytest

from tests.runtime.processes import DEADLINE, Tree


def python(*lines: str) -> list[str]:
    return ["--", sys.executable, "-c", "\n".join(lines)]


def after_own_lines(stderr: bytes) -> bytes:
    """What came after the line that says what is started."""
    return stderr.partition(b"\n")[2]


class TestBytes:
    def test_a_hundred_thousand_lines(self, tree: Tree) -> None:
        done = tree.run(
            *python("import os", "for n in range(100_000): os.write(2, b'line %d\\n' % n)")
        )
        lines = after_own_lines(done.stderr).split(b"\n")
        assert lines == [b"line %d" % n for n in range(100_000)] + [b""]

    def test_a_line_of_ten_megabytes(self, tree: Tree) -> None:
        done = tree.run(*python("import os, sys", "sys.stderr.buffer.write(b'x' * 10_000_000)"))
        assert after_own_lines(done.stderr) == b"x" * 10_000_000

    def test_bytes_that_are_not_text(self, tree: Tree) -> None:
        done = tree.run(
            *python(
                "import sys", "sys.stderr.buffer.write(bytes(range(256)) * 1000)", "sys.exit(4)"
            )
        )
        assert after_own_lines(done.stderr) == bytes(range(256)) * 1000
        assert tree.failure().startswith("exit code 4")

    def test_both_streams_at_once(self, tree: Tree) -> None:
        done = tree.run(
            *python(
                "import os",
                "for n in range(2000):",
                "    os.write(1, b'%04d' % n * 100)",
                "    os.write(2, b'%04d' % n * 100)",
            )
        )
        expected = hashlib.sha256(b"".join(b"%04d" % n * 100 for n in range(2000))).hexdigest()
        for stream in (done.stdout, after_own_lines(done.stderr)):
            assert hashlib.sha256(stream).hexdigest() == expected

    def test_nothing_is_held_back(self, tree: Tree) -> None:
        """A prompt without a line's end arrives before the program goes on."""
        process = tree.start(
            *python("import os, sys", "os.write(2, b'more?')", "sys.exit(len(sys.stdin.read()))"),
            stdin=-1,
        )
        assert process.stderr is not None
        assert process.stdin is not None
        said = b""
        while not said.endswith(b"more?"):  # not by readline, which may take it along
            said += os.read(process.stderr.fileno(), 100)
        process.stdin.write(b"yes")
        process.stdin.close()
        assert process.wait(DEADLINE) == 3


class TestReaders:
    def test_a_reader_that_went_away_does_not_end_the_program(self, tree: Tree) -> None:
        process = tree.start(
            *python(
                "import os, sys",
                "sys.stdin.read()",
                "for n in range(1000): os.write(2, b'x' * 1000)",
                "sys.exit(4)",
            ),
            stdin=-1,
        )
        assert process.stderr is not None
        assert process.stdin is not None
        process.stderr.close()
        process.stdin.close()
        assert process.wait(DEADLINE) == 4
        assert tree.failure().startswith("exit code 4")
        assert tree.failure().endswith("xxxx")

    def test_a_reader_that_does_not_read_holds_back_no_signal(self, tree: Tree) -> None:
        process = tree.start(
            *python(
                "import os, signal, sys",
                "signal.signal(signal.SIGTERM, lambda *_: (os.write(1, b'told\\n'), os._exit(8)))",
                "os.write(1, b'ready\\n')",
                "while True: os.write(2, b'x' * 65536)",
            )
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == b"told\n"
        process.communicate(timeout=DEADLINE)  # and what was written is still to be had
        assert process.returncode == 8

    def test_closed_streams(self, tree: Tree) -> None:
        """Standard output and error closed by whoever starts: no file of ours takes their place."""
        close = ("/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh")
        done = tree.run(
            *python("import os, sys", "os.write(1, b'out')", "os.write(2, b'err')", "sys.exit(5)"),
            before=close,
        )
        assert done.returncode == 5
        assert tree.failure().endswith("err")

    def test_standard_output_that_nobody_reads(self, tree: Tree) -> None:
        process = tree.start(*python("import sys", "sys.stdin.read()", "print('x')"), stdin=-1)
        assert process.stdout is not None
        process.stdout.close()
        _, stderr = process.communicate(timeout=DEADLINE)
        assert process.returncode == 120  # the interpreter's own code for a failed flush
        assert b"BrokenPipeError" in stderr

    def test_a_descriptor_that_does_not_block(self, tree: Tree) -> None:
        process = tree.start(
            *python("import sys", "sys.stderr.buffer.write(b'x' * 1_000_000)"),
            preexec_fn=lambda: os.set_blocking(2, False),
        )
        _, stderr = process.communicate(timeout=DEADLINE)
        assert after_own_lines(stderr) == b"x" * 1_000_000


def test_a_stranger_that_holds_the_pipe_open_does_not_hold_up_the_end(tree: Tree) -> None:
    """Standard error handed to a process that is not the job's, and never closed there."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        address = f"{folder}/socket"
        server.bind(address)
        server.listen()
        process = tree.start(
            *python(
                "import socket, sys",
                "connection = socket.socket(socket.AF_UNIX)",
                "connection.connect(sys.argv[1])",
                "socket.send_fds(connection, [b'x'], [2])",
                "connection.recv(1)",
                "print('last words', file=sys.stderr)",
            ),
            address,
        )
        connection, _ = server.accept()
        with connection:
            _, (held,), *_ = socket.recv_fds(connection, 1, 1)
            try:
                connection.send(b"x")
                _, stderr = process.communicate(timeout=DEADLINE)
            finally:
                os.close(held)
    assert process.returncode == 0
    assert after_own_lines(stderr) == b"last words\n"


@pytest.mark.parametrize("size", [0, 1, 65536, 256 * 1024, 256 * 1024 + 1, 1_000_000])
def test_the_tail_is_the_end(size: int) -> None:
    from sm_container.runtime.tee import TAIL_BYTES, Tee

    content = bytes(n % 251 for n in range(size))
    tee = Tee()
    for start in range(0, size, 10_007):
        tee._keep(content[start : start + 10_007])
    assert tee.tail() == content[-TAIL_BYTES:]
    assert sum(map(len, tee._tail)) < TAIL_BYTES + 10_007
