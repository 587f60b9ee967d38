"""A program that runs out of memory, and one whose disk becomes full: the kernel's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sm_container.harness.engines.engine import EngineError
from sm_container.testing.jobs.memory_group import MemoryGroup, memory_group
from sm_container.testing.jobs.training_job import TrainingJob
from sm_container.testing.survival.disk import why_no_disk

Make = Callable[..., TrainingJob]
LIMIT = 160 << 20
HUNGRY = """
held = []
for number in range(1, 65):
    held.append(bytearray(16 << 20))
    print("MiB", 16 * number, flush=True)
"""
WRITING = """
import pathlib, sys, time
folder = pathlib.Path("/opt/ml/checkpoints")
print("restored", sorted(path.name for path in folder.iterdir()), flush=True)
try:
    for number in range(1000):
        print("writes", number, flush=True)
        (folder / f"{number}.bin").write_bytes(bytes(1 << 20))
        time.sleep(0.05)
except OSError as fault:
    pathlib.Path("/opt/ml/output/failure").write_text(f"{fault.strerror}: free some space")
    sys.exit(1)
"""


def program(folder: Path, text: str) -> Path:
    path = folder / "train.py"
    path.write_text(text)
    return path


def why_no_group() -> str | None:
    try:
        memory_group(LIMIT).remove()
    except EngineError as fault:
        return str(fault)
    return None


def test_out_of_memory(training_job: Make, hostile_tmp_path: Path) -> None:
    job = training_job(program(hostile_tmp_path, HUNGRY)).out_of_memory_at(LIMIT)
    refused = why_no_group()
    if refused is not None:
        with pytest.raises(EngineError, match="run the tests as root where control groups can be"):
            job.run()
        return

    result = job.run()

    assert result.status == "Failed"
    assert result.exit_code == 137
    assert result.reason.startswith("ClientError: Please use an instance type with more memory")
    assert any("its limit allows: 160 MiB" in note for note in result.notes)
    assert "MiB 16\n" in result.log
    assert "MiB 160\n" not in result.log


def test_enough_memory(training_job: Make, hostile_tmp_path: Path) -> None:
    if why_no_group() is not None:
        pytest.skip("no control group can be made here")
    small = program(hostile_tmp_path, HUNGRY.replace("65", "3"))

    result = training_job(small).out_of_memory_at(LIMIT).run()

    assert result.status == "Completed"


def test_a_group_of_version_2(tmp_path: Path) -> None:
    """Its files are plain ones here: no machine counts memory in both versions."""
    folder = tmp_path / "group"

    group = MemoryGroup(folder, 2, LIMIT)

    assert (folder / "memory.max").read_text() == str(LIMIT)
    assert not (folder / "memory.swap.max").exists()  # a kernel without swap
    (folder / "memory.events").write_text("low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\n")
    assert group.kills == 1
    assert group.joining(["a", "b c"])[-3:] == [str(folder / "cgroup.procs"), "a", "b c"]


def test_no_group_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "cgroup").write_text("0::/mine\n")
    (tmp_path / "self" / "mountinfo").write_text(
        f"30 20 0:26 / {tmp_path}/none rw - cgroup2 cgroup2 rw\n"
    )

    with pytest.raises(EngineError, match=r"none: No such file.*whose engine sets the limit"):
        memory_group(LIMIT, tmp_path)


@pytest.mark.parametrize("before", [True, {"old.bin": b"kept"}], ids=["empty", "restored"])
def test_a_full_disk(training_job: Make, hostile_tmp_path: Path, before: object) -> None:
    job = training_job(program(hostile_tmp_path, WRITING), checkpoints=before)
    refused = why_no_disk()
    if refused is not None:
        with pytest.raises(EngineError, match="run this test as root"):
            job.full_disk("writes 2").run()
        return

    result = job.full_disk("writes 2").run()

    assert (result.status, result.failure) == ("Failed", "No space left on device: free some space")
    assert f"restored {[] if before is True else ['old.bin']}" in result.log
    kept = {path.name for path in result.checkpoints.iterdir()}
    assert kept >= {"0.bin", "1.bin"}, "what was written before is in S3"


def test_a_disk_that_is_full_and_an_instance_that_is_lost(
    training_job: Make, hostile_tmp_path: Path
) -> None:
    if why_no_disk() is not None:
        pytest.skip("a disk is mounted by root alone")
    text = WRITING.replace("sys.exit(1)", "print('full', flush=True); time.sleep(60)")
    text = text.replace("for number in range(1000)", "for number in range(1000 if full else 1)")
    text = text.replace("try:", "full = not any(folder.iterdir())\ntry:")
    job = training_job(program(hostile_tmp_path, text), grace=0.0)

    result = job.full_disk("writes 2").interrupt_after("^full").run()

    assert result.status == "Completed"
    assert result.starts == 2
