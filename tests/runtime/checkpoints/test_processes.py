"""Several processes of a host with the same checkpoints: real forks, a real lock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sm_container.runtime.checkpoints.errors import CheckpointError
from sm_container.runtime.checkpoints.locking import locked
from tests.runtime.checkpoints.saving import content, opened, steps, text

ROOT = Path(__file__).parents[3]

FORKED_WORKER = """
import os, sys, threading
from pathlib import Path
from tests.runtime.checkpoints.saving import opened, steps, text

checkpoints = opened(Path(sys.argv[1]))
began, go = threading.Event(), threading.Event()

def write(folder):
    began.set()
    assert go.wait(60)
    text("the parent's")(folder)

checkpoints.save_async(1, lambda: write)
assert began.wait(60)
reader, writer = os.pipe()
child = os.fork()
if child == 0:
    checkpoints.wait()  # nothing of its own is under way
    print("the child sees", steps(checkpoints), flush=True)
    os.write(writer, b"x")
    checkpoints.save(2, text("the child's"))  # waits until the parent has saved
    checkpoints.save_async(3, lambda: text("the child's"))
    print("the child has", steps(checkpoints), flush=True)
    os._exit(0)
os.read(reader, 1)
go.set()
checkpoints.wait()
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
print("the parent has", steps(checkpoints), flush=True)
"""

SAVES = """
import os, sys
from pathlib import Path
from tests.runtime.checkpoints.saving import opened, text

folder, first = Path(sys.argv[1]), int(sys.argv[2])

def write(inside):
    with open(folder.parent / "busy", "x"):  # fails while another process is writing
        text(f"{os.getpid()}")(inside)
    os.unlink(folder.parent / "busy")

for step in range(10):
    opened(folder, newest=2).save(step, write)
"""

HOLDS = """
import sys, time
from pathlib import Path
from sm_container.runtime.checkpoints.locking import locked

with locked(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


def start(program: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_forked_worker_is_on_its_own(hostile_tmp_path: Path) -> None:
    out, err = (process := start(FORKED_WORKER, hostile_tmp_path)).communicate(timeout=60)
    assert (process.returncode, out.splitlines()) == (
        0,
        ["the child sees []", "the child has [1, 2, 3]", "the parent has [1, 2, 3]"],
    ), err


def test_processes_save_one_after_the_other(hostile_tmp_path: Path) -> None:
    folder = hostile_tmp_path / "checkpoints"
    processes = [start(SAVES, folder, number) for number in range(2)]
    for process in processes:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    assert steps(opened(folder)) == [8, 9]


def test_a_killed_process_leaves_no_lock(hostile_tmp_path: Path) -> None:
    holder = start(HOLDS, hostile_tmp_path)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "locked\n"
    holder.kill()
    holder.communicate()
    opened(hostile_tmp_path).save(1, text("one"))
    assert content(opened(hostile_tmp_path).latest()) == {"state": b"one"}


def test_a_file_has_no_lock_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(CheckpointError, match=r"cannot be opened \(Not a directory\)"),
        locked(tmp_path / "file"),
    ):
        pytest.fail("it was locked")
