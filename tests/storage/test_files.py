from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from sm_container.storage.errors import ObjectChangedError, ObjectNotFoundError, StorageError
from sm_container.storage.files import clone_file, copy_file

LARGE = 40 << 20


def test_a_copy_has_the_bytes_and_the_mode_of_data(hostile_tmp_path: Path) -> None:
    source, target = hostile_tmp_path / "source", hostile_tmp_path / "target"
    source.write_bytes(os.urandom(LARGE + 1))
    source.chmod(0o600)
    counts: list[int] = []
    previous = os.umask(0o077)
    try:
        copy_file(source, target, counts.append)
    finally:
        os.umask(previous)
    assert target.read_bytes() == source.read_bytes()
    assert target.stat().st_mode & 0o777 == 0o644
    assert sum(counts) == LARGE + 1


def test_a_source_that_is_written_meanwhile_is_an_error(hostile_tmp_path: Path) -> None:
    source, target = hostile_tmp_path / "source", hostile_tmp_path / "target"
    source.write_bytes(bytes(LARGE))

    def write(_: int) -> None:
        with source.open("ab") as stream:
            stream.write(b"more")

    with pytest.raises(ObjectChangedError, match="written while it was copied"):
        copy_file(source, target, write)
    assert not target.exists()


def test_nothing_is_overwritten(hostile_tmp_path: Path) -> None:
    source, target = hostile_tmp_path / "source", hostile_tmp_path / "target"
    source.write_text("new")
    target.write_text("old")
    with pytest.raises(StorageError):
        copy_file(source, target)
    assert target.read_text() == "old"


def test_what_is_no_file_cannot_be_copied_and_holds_nobody_up(hostile_tmp_path: Path) -> None:
    os.mkfifo(hostile_tmp_path / "fifo")
    with pytest.raises(StorageError, match="not a regular file"):
        copy_file(hostile_tmp_path / "fifo", hostile_tmp_path / "target")
    with pytest.raises(ObjectNotFoundError):
        copy_file(hostile_tmp_path / "nowhere", hostile_tmp_path / "target")
    assert not (hostile_tmp_path / "target").exists()


def test_a_clone_is_the_file_or_nothing(hostile_tmp_path: Path) -> None:
    source, target = hostile_tmp_path / "source", hostile_tmp_path / "target"
    source.write_text("bytes")
    if clone_file(source, target):
        assert target.read_text() == "bytes"
    else:
        assert not target.exists()


def test_a_write_that_fails_half_way_leaves_no_partial_file(hostile_tmp_path: Path) -> None:
    source, target = hostile_tmp_path / "source", hostile_tmp_path / "target"
    source.write_bytes(bytes(LARGE))
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from sm_container.storage.files import copy_file\n"
        "from sm_container.storage.errors import StorageError\n"
        "try:\n copy_file(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "except StorageError as error:\n print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, source, target],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)),
        capture_output=True,
        text=True,
        check=True,
    )
    # The target's folder is at fault, not the source.
    assert done.stdout.startswith(f"{target.parent}: File too large")
    assert not target.exists()
