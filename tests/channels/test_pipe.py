from __future__ import annotations

import errno
import fcntl
import io
import os
import signal
import threading
from pathlib import Path

import pytest

from sm_container.channels import pipe
from sm_container.channels.errors import ChannelError, ChannelTimeoutError
from sm_container.channels.pipe import PIPE_BYTES, Interrupted, PipeReader
from sm_container.channels.stopping import StopSignal
from tests.channels.feeding import WAIT, writer


@pytest.fixture
def fifo(hostile_tmp_path: Path) -> Path:
    path = hostile_tmp_path / "train_0"
    os.mkfifo(path)
    return path


def test_all_bytes_of_a_process_and_then_the_end(fifo: Path, no_leaks: None) -> None:
    program = "for n in range(100): fifo.write(bytes([n]) * 40_000)"
    with writer(fifo, program) as process, PipeReader(fifo, timeout=WAIT) as reader:
        assert reader.read() == b"".join(bytes([n]) * 40_000 for n in range(100))
        assert reader.read(1) == b""
    assert process.returncode == 0


def test_before_there_is_a_writer_is_not_the_end(fifo: Path) -> None:
    waited = threading.Event()
    reader = PipeReader(fifo, timeout=WAIT, before_wait=waited.set)
    found: list[bytes] = []
    thread = threading.Thread(target=lambda: found.append(reader.read()))
    thread.start()
    assert waited.wait(WAIT)
    fifo.write_bytes(b"late")
    thread.join(WAIT)
    assert found == [b"late"]
    assert reader.met_writer()
    reader.close()


def test_waits_for_a_fifo_that_is_made_late(hostile_tmp_path: Path) -> None:
    path = hostile_tmp_path / "train_7"
    waited = threading.Event()

    def feed() -> None:
        assert waited.wait(WAIT)
        os.mkfifo(path)
        path.write_bytes(b"x" * 10)

    thread = threading.Thread(target=feed)
    thread.start()
    with PipeReader(path, timeout=WAIT, before_wait=waited.set) as reader:
        assert reader.read() == b"x" * 10
    thread.join(WAIT)


def test_a_writer_that_writes_nothing_is_an_end(fifo: Path) -> None:
    with writer(fifo, "fifo.close()"), PipeReader(fifo, timeout=WAIT) as reader:
        assert reader.read() == b""
        assert reader.met_writer()


def test_a_slow_writer_is_waited_for(fifo: Path) -> None:
    program = "for n in range(3): fifo.write(b'ab'); time.sleep(0.1)"
    with writer(fifo, program), PipeReader(fifo, timeout=WAIT) as reader:
        assert reader.read() == b"ababab"


def test_a_killed_writer_is_an_end_too(fifo: Path) -> None:
    program = "fifo.write(b'whole'); print('written', flush=True); time.sleep(60)"
    with writer(fifo, program) as process, PipeReader(fifo, timeout=WAIT) as reader:
        assert reader.read(5) == b"whole"
        process.send_signal(signal.SIGKILL)
        assert reader.read() == b""


def test_the_pipe_is_enlarged(fifo: Path) -> None:
    held = os.open(fifo, os.O_RDWR)
    with PipeReader(fifo, timeout=WAIT) as reader:
        os.write(held, b"x")
        assert reader.read(1) == b"x"
        assert fcntl.fcntl(held, fcntl.F_GETPIPE_SZ) == PIPE_BYTES
    os.close(held)


def test_a_pipe_that_may_not_be_enlarged_is_read() -> None:
    """An ordinary user's pipes may hold 64 MiB in all (pipe-user-pages-soft)."""
    child = os.fork()
    if not child:
        if os.geteuid() == 0:
            os.setuid(65534)
        for _ in range(100):
            end, _ = os.pipe()
            try:
                fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
            except PermissionError:
                pipe._enlarge(end)
                os._exit(0 if fcntl.fcntl(end, fcntl.F_GETPIPE_SZ) < PIPE_BYTES else 2)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_deadline_names_what_did_not_come(hostile_tmp_path: Path, no_leaks: None) -> None:
    path = hostile_tmp_path / "train_3"
    with pytest.raises(ChannelTimeoutError, match=r"train_3: there was no such FIFO for 0\.05 s"):
        PipeReader(path, timeout=0.05).read(1)
    os.mkfifo(path)
    with (
        PipeReader(path, timeout=0.05) as reader,
        pytest.raises(TimeoutError, match="nobody opened it for writing"),
    ):
        reader.read(1)
    held = os.open(path, os.O_RDWR)
    with (
        PipeReader(path, timeout=0.05) as reader,
        pytest.raises(ChannelError, match="its writer sent nothing"),
    ):
        reader.read(1)
    os.close(held)


def test_a_deadline_is_for_each_wait(fifo: Path) -> None:
    program = "for n in range(25): fifo.write(b'.'); time.sleep(0.1)"
    with writer(fifo, program), PipeReader(fifo, timeout=2) as reader:
        assert reader.read() == b"." * 25


@pytest.mark.parametrize("there", ["nothing", "a FIFO", "a writer"])
def test_a_stop_ends_each_wait(hostile_tmp_path: Path, there: str, no_leaks: None) -> None:
    path = hostile_tmp_path / "train_0"
    held = -1
    if there != "nothing":
        os.mkfifo(path)
    if there == "a writer":
        held = os.open(path, os.O_RDWR)
    stop, waits = StopSignal(), threading.Event()
    reader = PipeReader(path, (StopSignal(), stop), before_wait=waits.set)
    threading.Thread(target=lambda: waits.wait(WAIT) and stop.set()).start()
    with pytest.raises(Interrupted):
        reader.read(1)
    assert reader.met_writer() == (there == "a writer")
    with pytest.raises(Interrupted):
        reader.read(1)
    reader.close()
    if held >= 0:
        os.close(held)


def test_a_signal_handler_ends_a_wait_of_the_main_thread(fifo: Path) -> None:
    """The call that a signal interrupts is taken up again, so a flag would not do."""
    stop = StopSignal()
    before = signal.signal(signal.SIGALRM, lambda *_: stop.set())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with PipeReader(fifo, (stop,)) as reader, pytest.raises(Interrupted):
            reader.read(1)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_early_close_is_the_writers_to_hear(fifo: Path) -> None:
    program = (
        "try:\n    for n in range(1000): fifo.write(bytes(1 << 20))\n"
        "except BrokenPipeError: sys.exit(42)"
    )
    with writer(fifo, program) as process:
        with PipeReader(fifo, timeout=WAIT) as reader:
            assert reader.read(10) == bytes(10)
        assert process.wait(WAIT) == 42


def test_a_forked_child_does_not_keep_the_fifo_open(fifo: Path) -> None:
    """Else the writer would wait for the child instead of hearing that nobody reads."""
    let_go, hold = os.pipe()
    up, tell = os.pipe()
    with PipeReader(fifo, timeout=WAIT) as reader:
        writing = os.open(fifo, os.O_RDWR)
        os.write(writing, b"x")
        assert reader.read(1) == b"x"
        only_writing = os.open(fifo, os.O_WRONLY)
        os.close(writing)
        child = os.fork()
        if not child:
            os.close(hold)
            os.write(tell, b"up")
            os.read(let_go, 1)
            os._exit(0)
        assert os.read(up, 2) == b"up"
    with pytest.raises(OSError) as caught:
        os.write(only_writing, b"y")
    assert caught.value.errno == errno.EPIPE
    os.close(hold)
    os.waitpid(child, 0)
    for file in (let_go, up, tell, only_writing):
        os.close(file)


def test_what_is_no_fifo(hostile_tmp_path: Path) -> None:
    path = hostile_tmp_path / "train_0"
    path.write_bytes(b"data")
    with PipeReader(path) as reader, pytest.raises(ChannelError, match="is not a FIFO"):
        reader.read(1)


def test_it_is_a_file_to_others(fifo: Path) -> None:
    with (
        writer(fifo, "fifo.write(b'one\\ntwo\\n')"),
        io.TextIOWrapper(io.BufferedReader(PipeReader(fifo, timeout=WAIT))) as text,
    ):
        assert list(text) == ["one\n", "two\n"]
        assert not text.seekable()
