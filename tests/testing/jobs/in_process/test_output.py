"""A process's output, taken from it for a while."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sm_container.testing.jobs.in_process import log_handlers, output
from sm_container.testing.jobs.in_process.output import Output, Taking, taking

SLEEPER = (sys.executable, "-c", "import time; time.sleep(60)")


class Heard:
    """What came out, once ``taken`` is over."""

    def __init__(self) -> None:
        self.out = b""
        self.err = b""

    @contextmanager
    def taken(self) -> Iterator[Taking]:
        made = Output()
        readers = [
            threading.Thread(target=self._hear, args=(name, descriptor))
            for name, descriptor in (("out", made.stdout), ("err", made.stderr))
        ]
        for reader in readers:
            reader.start()
        try:
            with taking(made) as taken:
                yield taken
        finally:
            made.end()
            for reader in readers:
                reader.join(20)
                assert not reader.is_alive(), "the output does not end"

    def _hear(self, name: str, descriptor: int) -> None:
        with open(descriptor, "rb") as stream:
            setattr(self, name, stream.read())


@pytest.fixture
def heard() -> Heard:
    return Heard()


def test_all_that_is_written_in_their_order(heard: Heard, capfd: pytest.CaptureFixture) -> None:
    with heard.taken():
        print("printed")
        os.write(1, b"written\n")
        subprocess.run(["sh", "-c", "echo by a child; echo amiss > /dev/stderr"], check=True)
        sys.stderr.write("no newline \udcff")
    print("afterwards")

    assert heard.out == b"printed\nwritten\nby a child\n"
    assert heard.err == b"amiss\nno newline \xff"
    assert capfd.readouterr().out == "afterwards\n"


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_what_is_left_behind_does_not_keep_it_open(heard: Heard) -> None:
    pid = 0
    with heard.taken():
        started = subprocess.Popen(SLEEPER)
        kept = os.dup(1)
        pid = os.fork()
        if pid == 0:
            os.execv(SLEEPER[0], SLEEPER)  # a forked one that holds all descriptors until here
        os.write(kept, b"last")

    assert heard.out == b"last"
    os.close(kept)
    started.kill()
    os.kill(pid, 9)
    started.wait()
    os.waitpid(pid, 0)


def test_a_stream_that_was_kept_writes_on(heard: Heard, capfd: pytest.CaptureFixture) -> None:
    with heard.taken():
        kept = sys.stdout
    kept.write("still there\n")

    assert heard.out == b""
    assert capfd.readouterr().out == "still there\n"


def test_more_than_a_pipe_holds(heard: Heard) -> None:
    with heard.taken():
        os.write(1, bytes(1000))
        sys.stdout.write("x" * (1 << 20))

    assert len(heard.out) == 1000 + (1 << 20)


def test_a_debugger_has_the_terminal(heard: Heard, capfd: pytest.CaptureFixture) -> None:
    with heard.taken():
        print("before")
        output.suspend()
        print("(Pdb) ", end="", flush=True)
        os.write(1, b"at the terminal\n")
        output.resume()
        print("after")

    assert heard.out == b"before\nafter\n"
    assert capfd.readouterr().out == "(Pdb) at the terminal\n"


def test_nothing_is_suspended_where_nothing_is_taken(capfd: pytest.CaptureFixture) -> None:
    output.suspend()
    output.resume()
    print("here")

    assert capfd.readouterr().out == "here\n"


def test_what_is_logged(heard: Heard, caplog: pytest.LogCaptureFixture) -> None:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    with heard.taken() as taken, log_handlers.of_its_own(taken):
        logging.getLogger("mine").warning("without a handler")
        logging.basicConfig(format="%(levelname)s %(message)s", level=logging.INFO)
        logging.getLogger("mine").info("with one")

    assert heard.err == b"without a handler\nINFO with one\n"
    assert caplog.messages == []
    assert (root.handlers[:], root.level) == before


def test_a_handler_that_was_there_before_writes_to_the_job(
    heard: Heard, capfd: pytest.CaptureFixture
) -> None:
    handler = logging.StreamHandler(sys.stdout)
    logging.getLogger().addHandler(handler)
    try:
        with heard.taken() as taken, log_handlers.of_its_own(taken):
            logging.getLogger("mine").warning("in the job")
        logging.getLogger("mine").warning("after it")
    finally:
        logging.getLogger().removeHandler(handler)

    assert heard.out == b"in the job\n"
    assert capfd.readouterr().out == "after it\n"
