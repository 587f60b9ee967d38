"""A disk that becomes full: a real one."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from sm_container.harness.engines.engine import EngineError
from sm_container.testing.survival.disk import Disk, why_no_disk


def written_until_refused(folder: Path) -> int:
    deadline = time.monotonic() + 60
    try:
        with (folder / "file").open("wb", buffering=0) as file:
            while time.monotonic() < deadline:
                file.write(b"\0" * 4096)
                time.sleep(0.01)
    except OSError as fault:
        return fault.errno or 0
    return 0


def test_a_disk_is_full_from_its_moment_on(hostile_tmp_path: Path) -> None:
    folder = hostile_tmp_path / "checkpoints"
    folder.mkdir()
    disk = Disk(folder)
    if why_no_disk() is not None:
        assert os.geteuid() != 0 or not os.access("/dev/fuse", os.W_OK)
        with pytest.raises(EngineError, match="cannot be mounted"):
            disk.mount()
        return
    disk.mount()
    try:
        (folder / "kept").write_text("before")
        disk.fill_after(0.2)
        assert written_until_refused(folder) == errno.ENOSPC
        assert (folder / "kept").read_text() == "before"
    finally:
        disk.close()
    assert disk.is_full
    assert list(folder.iterdir()) == []


def test_another_attempt_has_a_disk_of_its_own(hostile_tmp_path: Path) -> None:
    if why_no_disk() is not None:
        pytest.skip("only root may mount")
    disk = Disk(hostile_tmp_path)
    try:
        for _ in range(2):
            disk.mount()
            (hostile_tmp_path / "file").write_text("on the disk")
            disk.fill()
            assert written_until_refused(hostile_tmp_path) == errno.ENOSPC
            disk.close()
            assert list(hostile_tmp_path.iterdir()) == []
    finally:
        disk.close()


def test_a_disk_that_is_closed_before_its_moment(hostile_tmp_path: Path) -> None:
    disk = Disk(hostile_tmp_path)
    disk.fill_after(3600)
    disk.close()
    assert not disk.is_full
