from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sm_container.contract.outcome import (
    exit_status,
    failure_reason,
    read_failure,
    truncated,
    write_failure,
)


@pytest.mark.parametrize("code", [0, 1, 2, 127, 128, 255])
def test_exit_codes_come_through(code: int) -> None:
    assert exit_status(code) == code


def test_a_signal_is_128_and_its_number() -> None:
    killed = subprocess.run(
        [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"],
        check=False,
    )
    assert exit_status(killed.returncode) == 128 + signal.SIGKILL == 137


def test_the_reason_has_the_service_s_form() -> None:
    assert failure_reason(None, 1) == "AlgorithmError: , exit code: 1"
    assert (
        failure_reason("KeyError: 'train'", 3) == "AlgorithmError: KeyError: 'train', exit code: 3"
    )


@given(st.text(), st.integers(1, 255))
def test_the_reason_is_never_too_long(text: str, code: int) -> None:
    assert len(failure_reason(text * 50, code)) <= 1024


@given(st.text(min_size=1))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("tree") / "output" / "failure"
    text = text.encode("utf-8", "replace").decode()
    assert write_failure(path, text * 100)
    assert read_failure(path) == truncated(text * 100)


def test_a_long_text_is_cut_on_a_character(tmp_path: Path) -> None:
    path = tmp_path / "failure"
    write_failure(path, "é€😀" * 1000)
    assert path.read_text(encoding="utf-8") == ("é€😀" * 1000)[:1024]
    path.write_text("😀" * 3000, encoding="utf-8")
    assert read_failure(path) == "😀" * 1024


def test_the_first_failure_stays(tmp_path: Path) -> None:
    path = tmp_path / "failure"
    assert write_failure(path, "first")
    assert not write_failure(path, "second")
    assert read_failure(path) == "first"


def test_an_empty_file_says_nothing_and_is_filled(tmp_path: Path) -> None:
    path = tmp_path / "failure"
    path.touch()
    assert write_failure(path, "why")
    assert read_failure(path) == "why"


def test_a_failure_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "failure"
    path.write_bytes(b"caf\xe9 \xff\x00")
    assert read_failure(path) == "caf\ufffd \ufffd\x00"
    path.unlink()
    write_failure(path, "lone \ud800")
    assert read_failure(path) == "lone \\ud800"


def test_no_failure(tmp_path: Path) -> None:
    assert read_failure(tmp_path / "none") is None
    assert read_failure(tmp_path / "none" / "failure") is None


def test_what_is_no_file_is_neither_read_nor_written(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("not to be seen")
    path = tmp_path / "failure"
    path.symlink_to(secret)
    assert read_failure(path) is None
    assert not write_failure(path, "x")
    path.unlink()
    path.symlink_to(tmp_path / "dangling")
    assert not write_failure(path, "x")
    path.unlink()
    os.mkfifo(path)
    assert read_failure(path) is None
    assert not write_failure(path, "x")
    path.unlink()
    path.mkdir()
    assert read_failure(path) is None
    assert not write_failure(path, "x")
    assert secret.read_text() == "not to be seen"
    assert not (tmp_path / "dangling").exists()


def test_many_writers_leave_one_failure(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from sm_container.contract.outcome import *;"
        "sys.exit(not write_failure(Path(sys.argv[1]), sys.argv[2] * 500))"
    )
    path = tmp_path / "failure"
    writers = [
        subprocess.Popen([sys.executable, "-c", program, str(path), letter]) for letter in "abcd"
    ]
    codes = [writer.wait() for writer in writers]
    assert sorted(codes) == [0, 1, 1, 1]
    assert read_failure(path) == "abcd"[codes.index(0)] * 500
