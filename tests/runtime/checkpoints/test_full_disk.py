"""Disks that are full, too small or read-only, and files that may not grow: all of them real."""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sm_container.runtime.checkpoints.errors import CheckpointError
from tests.runtime.checkpoints.saving import content, files, names, opened, steps, text

ROOT = Path(__file__).parents[3]
BEGIN = """
import json, sys
from pathlib import Path
import numpy as np
from tests.runtime.checkpoints.saving import files, names, opened, steps, text

MIB = 1 << 20
folder = Path(sys.argv[1])
said = []

def attempt(work):
    try:
        work()
        said.append("done")
    except Exception as error:
        said.append(f"{type(error).__name__}: {error}")
"""
END = "print(json.dumps([*said, steps(opened(folder)), names(folder)]))"


def in_a_mount(folder: Path, options: str, program: str) -> list[Any]:
    """What a program says that sees a small file system of its own at ``folder``."""
    script = 'mount -t tmpfs -o "$1" none "$2" && exec "$3" -c "$4" "$2"'
    namespace = ["unshare", "--mount"] + (["--user", "--map-root-user"] if os.getuid() else [])
    words = ["sh", options, str(folder), sys.executable, f"{BEGIN}\n{program}\n{END}"]
    done = subprocess.run(
        [*namespace, "sh", "-c", script, *words],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: list[Any] = json.loads(done.stdout)
    return said


WRITES = {
    "an error with a number": "write = files({'state': bytes(20 * MIB)})",
    "numpy, which asks before": "write = lambda inside: np.save(inside / 'a', np.ones(20 * MIB))",
    "numpy, which finds out": """
def write(inside):
    with (inside / "a.npy").open("wb") as file:
        for _ in range(20):
            np.save(file, np.ones(MIB // 8))
""",
    "a library's own error": """
def write(inside):
    try:
        (inside / "state").write_bytes(bytes(20 * MIB))
    except OSError:
        raise RuntimeError("write failed") from None
""",
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_full_disk_leaves_what_was_saved(hostile_tmp_path: Path, write: str) -> None:
    program = """
checkpoints = opened(folder, newest=2)
checkpoints.save(1, files({"state": bytes(MIB)}))
checkpoints.save(2, files({"state": bytes(MIB)}))
attempt(lambda: checkpoints.save(3, write))
said.append(names(folder))
attempt(lambda: checkpoints.save(3, text("small")))
"""
    failed, there, again, whole, _ = in_a_mount(hostile_tmp_path, "size=8m", write + program)
    folder = hostile_tmp_path / "sm-checkpoint-000000000003"
    assert failed.startswith(f"CheckpointError: {folder}: the disk is full: ")
    assert there == ["sm-checkpoint-000000000001", "sm-checkpoint-000000000002"]
    assert (again, whole) == ("done", [2, 3])


def test_a_disk_that_is_full_when_the_manifest_is_written(hostile_tmp_path: Path) -> None:
    """The author's file fits, and takes the last page."""
    program = """
checkpoints = opened(folder)
checkpoints.save(1, text("one"))
(folder / "rest").write_bytes(bytes(MIB))
def write(inside):
    with (inside / "state").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)): pass
        except OSError: pass
attempt(lambda: checkpoints.save(2, write))
"""
    failed, whole, there = in_a_mount(hostile_tmp_path, "size=4m", program)
    assert "the disk is full" in failed
    assert whole == [1]
    assert there == ["rest", "sm-checkpoint-000000000001"]


def test_a_state_that_does_not_fit_is_not_begun(hostile_tmp_path: Path) -> None:
    program = """
checkpoints = opened(folder)
checkpoints.save(1, {"w": np.zeros(MIB // 8)})
attempt(lambda: checkpoints.save(2, {"w": np.zeros(MIB)}))
attempt(lambda: checkpoints.save_async(2, {"w": np.zeros(MIB)}))
attempt(checkpoints.wait)
"""
    failed, begun, failed_then, whole, _ = in_a_mount(hostile_tmp_path, "size=4m", program)
    assert failed.startswith(
        f"CheckpointError: {hostile_tmp_path}: a checkpoint needs 8.0 MiB and 3.0 MiB are free; "
    )
    assert (begun, failed_then, whole) == ("done", failed, [1])


def test_room_is_made_of_what_would_go_anyway(hostile_tmp_path: Path) -> None:
    """Three are kept and three fit: the oldest goes before the next is written, not after."""
    program = """
(folder / "sm-checkpoint-000000000000").mkdir()
(folder / "sm-checkpoint-000000000000" / "torn").write_bytes(bytes(3 * MIB))
checkpoints = opened(folder)
for step in range(1, 6):
    attempt(lambda: checkpoints.save(step, files({"state": bytes(3 * MIB)})))
"""
    *saved, whole, _ = in_a_mount(hostile_tmp_path, "size=10m", program)
    assert (saved, whole) == (["done"] * 5, [3, 4, 5])


def test_what_waits_for_its_upload_takes_the_place_of_another(hostile_tmp_path: Path) -> None:
    program = """
checkpoints = opened(folder, is_copied=True)
for step in range(1, 6):
    attempt(lambda: checkpoints.save(step, files({"state": bytes(3 * MIB)})))
"""
    *saved, whole, _ = in_a_mount(hostile_tmp_path, "size=10m", program)
    assert (saved, whole) == (["done"] * 5, [1, 4, 5])


def test_what_waits_for_its_upload_gives_way_before_a_save_fails(hostile_tmp_path: Path) -> None:
    program = """
checkpoints = opened(folder, newest=1, is_copied=True)
for step in range(1, 4):
    attempt(lambda: checkpoints.save(step, files({"state": bytes(3 * MIB)})))
"""
    *saved, whole, _ = in_a_mount(hostile_tmp_path, "size=7m", program)
    assert (saved, whole) == (["done"] * 3, [2, 3])


def test_nothing_goes_where_that_would_not_help(hostile_tmp_path: Path) -> None:
    program = """
checkpoints = opened(folder)
for step in range(1, 4):
    checkpoints.save(step, files({"state": bytes(3 * MIB)}))
attempt(lambda: checkpoints.save(4, {"w": np.zeros(MIB)}))
"""
    failed, whole, _ = in_a_mount(hostile_tmp_path, "size=10m", program)
    assert "a checkpoint needs 8.0 MiB and 1.0 MiB are free" in failed
    assert whole == [1, 2, 3]


def test_the_last_checkpoint_never_makes_room(hostile_tmp_path: Path) -> None:
    program = """
checkpoints = opened(folder, newest=1)
checkpoints.save(1, files({"state": bytes(3 * MIB)}))
attempt(lambda: checkpoints.save(2, files({"state": bytes(3 * MIB)})))
"""
    failed, whole, _ = in_a_mount(hostile_tmp_path, "size=4m", program)
    assert "a checkpoint needs 3.0 MiB and 1.0 MiB are free" in failed
    assert whole == [1]


def test_a_read_only_folder_is_told(hostile_tmp_path: Path) -> None:
    program = 'attempt(lambda: opened(folder).save(1, text("x")))'
    failed, _, _ = in_a_mount(hostile_tmp_path, "ro", program)
    assert "000001: cannot be made (Read-only file system); make the folder writable" in failed


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond ``size``."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


def np_save(folder: Path) -> None:
    np.save(folder / "a.npy", np.ones(10_000))


@pytest.mark.parametrize(
    "write", [files({"state": b"x" * 10_000}), np_save], ids=["plain", "numpy"]
)
def test_a_file_that_may_not_grow(hostile_tmp_path: Path, write: Any) -> None:
    checkpoints = opened(hostile_tmp_path)
    checkpoints.save(1, text("one"))
    with (
        largest_file(4096),
        pytest.raises(
            CheckpointError, match=r"reached the largest size allowed \(RLIMIT_FSIZE, 4096 bytes\)"
        ),
    ):
        checkpoints.save(2, write)
    assert names(hostile_tmp_path) == ["sm-checkpoint-000000000001"]
    assert content(checkpoints.latest()) == {"state": b"one"}
    checkpoints.save(2, write)
    assert steps(checkpoints) == [1, 2]


def test_a_manifest_that_may_not_grow(hostile_tmp_path: Path) -> None:
    checkpoints = opened(hostile_tmp_path)
    many = files({f"{number:050}": b"x" for number in range(40)})
    with largest_file(1024), pytest.raises(CheckpointError, match="reached the largest size"):
        checkpoints.save(1, many)
    assert names(hostile_tmp_path) == []


def test_a_quota_is_told(hostile_tmp_path: Path) -> None:
    def write(folder: Path) -> None:
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    with pytest.raises(CheckpointError, match="the disk quota is used up; keep fewer"):
        opened(hostile_tmp_path).save(1, write)


def test_an_error_of_the_authors_own_stays_one(hostile_tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        opened(hostile_tmp_path).save(1, lambda folder: (folder / "a" / "b").touch())
