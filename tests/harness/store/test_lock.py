"""Locks on folders: held by one, and let go of by whoever dies."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sm_container.harness.store.lock import lock, locked

HOLD = (
    "import sys\n"
    "from pathlib import Path\n"
    "from sm_container.harness.store.lock import lock\n"
    "held = lock(Path(sys.argv[1]))\n"
    "print('held', flush=True)\n"
    "sys.stdin.read()\n"
)


def test_one_holds_it_for_as_long_as_its_block(hostile_tmp_path: Path) -> None:
    with locked(hostile_tmp_path), pytest.raises(BlockingIOError):
        lock(hostile_tmp_path, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(lock(hostile_tmp_path, fcntl.LOCK_EX | fcntl.LOCK_NB))
    assert list(hostile_tmp_path.iterdir()) == []


def test_a_killed_process_holds_nothing(hostile_tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(hostile_tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(BlockingIOError):
            lock(hostile_tmp_path, fcntl.LOCK_EX | fcntl.LOCK_NB)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    os.close(lock(hostile_tmp_path, fcntl.LOCK_EX | fcntl.LOCK_NB))


def test_a_folder_that_is_not_there(hostile_tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        lock(hostile_tmp_path / "none")
