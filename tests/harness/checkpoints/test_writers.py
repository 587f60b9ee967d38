"""Whether somebody writes: asked of the real kernel, of files that real processes have open."""

from __future__ import annotations

import mmap
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from sm_container.harness.checkpoints.writers import has_writer


def test_a_writer_of_another_process_is_found(hostile_tmp_path: Path) -> None:
    path = hostile_tmp_path / "file"
    path.write_text("content")
    script = "import sys; f = open(sys.argv[1], 'ab'); print(flush=True); sys.stdin.read()"
    with (
        path.open("rb") as file,
        subprocess.Popen(
            [sys.executable, "-c", script, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as writer,
    ):
        assert writer.stdout is not None
        writer.stdout.readline()
        assert has_writer(file.fileno()) is True
        writer.communicate()
        assert has_writer(file.fileno()) is False


def test_a_map_that_can_be_written_is_a_writer_and_a_reader_is_none(hostile_tmp_path: Path) -> None:
    path = hostile_tmp_path / "file"
    path.write_text("content")
    with path.open("rb") as file, path.open("rb"):
        assert has_writer(file.fileno()) is False
        with path.open("r+b") as writing:
            mapped = mmap.mmap(writing.fileno(), 0)
        assert has_writer(file.fileno()) is True
        mapped.close()
        assert has_writer(file.fileno()) is False


def test_what_has_no_leases_is_not_known() -> None:
    out, inside = os.pipe()
    assert has_writer(out) is None
    os.close(out)
    os.close(inside)


def test_writers_that_come_meanwhile_end_nobody(hostile_tmp_path: Path) -> None:
    """Whoever opens a file under a lease sends its holder a signal, which would end us."""
    path = hostile_tmp_path / "file"
    path.write_text("content")
    ended = threading.Event()

    def write() -> None:
        while not ended.is_set():
            path.open("ab").close()

    writing = threading.Thread(target=write)
    writing.start()
    try:
        with path.open("rb") as file:
            answers = {has_writer(file.fileno()) for _ in range(5000)}
            ended.set()
            writing.join()
            assert has_writer(file.fileno()) is False
    finally:
        ended.set()
    assert signal.getsignal(signal.SIGIO) is signal.SIG_DFL
    assert answers <= {True, False}
