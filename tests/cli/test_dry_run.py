"""``run --dry-run``: what would be there, and what would be run."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from typing import Any

import pytest


@pytest.fixture
def words(desk: Any) -> list[str]:
    program = desk.program("algorithm", 'echo "$SIZE"; ls /opt/ml/input')
    data = desk.folder / "data"
    data.mkdir()
    for number in range(8):
        (data / f"{number}.csv").write_text("1,2\n" * 10)
    return [
        *("run", program, "-c", "train=data", "-p", "eta=0.3", "-p", "db_password=hunter2"),
        *("-e", "SIZE=small", "-e", "HF_TOKEN=hf_0123456789abcdefghijkl", "--dry-run"),
        *("--tag", "api-key=hunter2", "--tag", "team=blue", "--name", "planned"),
    ]


def test_the_tree_and_the_command(desk: Any, invoke: Any, words: list[str]) -> None:
    done = invoke(*words)

    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "  /opt/ml/model/" in lines
    at = lines.index("  /opt/ml/input/config/hyperparameters.json")
    assert json.loads(lines[at + 1]) == {"eta": "0.3", "db_password": "******"}
    assert "  /opt/ml/input/data/train/  8 objects, 320 B" in lines
    assert "      0.csv  40 B" in lines
    assert "      and 3 more" in lines
    command = shlex.split(lines[lines.index("process") + 1])
    assert "SIZE=small" in command
    assert str(desk.folder / "algorithm") in command
    assert "hunter2" not in done.stdout
    assert "hf_0123" not in done.stdout


def test_other_modes_show_fifos_mounts_and_their_feeder(desk: Any, invoke: Any) -> None:
    program = desk.program("algorithm", "true")
    (desk.folder / "data").mkdir()
    (desk.folder / "data/a").write_text("1,2\n")
    (desk.folder / "lines").write_text('{"x": 1}\n{"x": 2}\n')
    words = ["run", program, "--name", "planned", "--dry-run"]
    words += ["-c", "train=data,mode=Pipe", "-c", "fast=data,mode=FastFile"]
    words += ["-c", "more=lines,mode=Pipe,type=AugmentedManifestFile,attributes=x"]

    lines = invoke(*words).stdout.splitlines()

    fifo = "(a FIFO, and one for each epoch after it)"
    assert f"  /opt/ml/input/data/train_0  {fifo}  1 object, 4 B" in lines
    assert f"  /opt/ml/input/data/more_0  {fifo}  2 lines, 2 B" in lines
    folder = f"{desk.folder}/data itself, read-only"
    assert f"  /opt/ml/input/data/fast/  ({folder})  1 object, 4 B" in lines
    feeder = shlex.split(lines[lines.index("feeder, beside it") + 1])
    assert feeder[1:3] == ["-m", "sm_container.harness.inputs.feed"]
    assert feeder[3] == str(desk.home / "jobs/planned/hosts/algo-1/feed.json")

    simulated = invoke(*words, "--s3-latency", "30", "--s3-bandwidth", "90").stdout
    assert "/opt/ml/input/data/fast/  (a FUSE mount, read-only)  1 object, 4 B" in simulated
    assert "note: simulated: channels as from a bucket with 30 ms to the first byte" in simulated
    document = json.loads(invoke(*words, "--json").stdout)["Hosts"]["algo-1"]
    assert document["Channels"]["more"] == {"Mode": "Pipe", "Objects": 2, "Bytes": 2}
    assert document["Feeder"] == feeder


@pytest.mark.parametrize("local_path", ["", "elsewhere"])
def test_checkpoints_are_shown_where_the_program_finds_them(
    desk: Any, invoke: Any, local_path: str
) -> None:
    program = desk.program("algorithm", "true")
    place = "/opt/ml/checkpoints"
    flag = "kept"
    if local_path:
        place = str(desk.folder / local_path)
        (desk.folder / local_path).mkdir()
        flag = f"kept,local-path={place}"

    lines = invoke("run", program, "--name", "a", "--dry-run", "--checkpoint", flag).stdout
    lines = lines.splitlines()

    assert [line for line in lines if line.startswith(f"  {place}/")] == [
        f"  {place}/  (kept at {desk.folder}/kept)"
    ]
    command = shlex.split(lines[lines.index("process") + 1])
    beside = str(desk.home / "jobs/a/hosts/algo-1/checkpoints")
    assert (beside in command) == bool(local_path)
    assert not (desk.folder / "kept").exists()
    assert os.listdir(desk.home / "jobs") == []


def test_nothing_is_left(desk: Any, invoke: Any, words: list[str]) -> None:
    invoke(*words)

    assert os.listdir(desk.home / "jobs") == []
    assert desk.run("ps", "--all", "--quiet").stdout == ""


def test_as_a_document(desk: Any, invoke: Any, words: list[str]) -> None:
    found = json.loads(invoke(*words, "--json").stdout)

    host = found["Hosts"]["algo-1"]
    assert found["TrainingJobName"] == "planned"
    assert host["Channels"] == {"train": {"Mode": "File", "Objects": 8, "Bytes": 320}}
    tags = host["Files"]["/opt/ml/input/config/trainingjobconfig.json"]["Tags"]
    assert tags == [{"Key": "api-key", "Value": "******"}, {"Key": "team", "Value": "blue"}]
    assert "hunter2" not in json.dumps(found)


def test_the_command_is_one_that_a_shell_takes(desk: Any, invoke: Any, words: list[str]) -> None:
    """Quoted so that a hostile path stays one word."""
    lines = invoke(*words).stdout.splitlines()
    command = lines[lines.index("process") + 1]

    split = subprocess.run(
        ["sh", "-c", f'set -- {command}; for each; do printf "%s\\0" "$each"; done'],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")[:-1]

    assert split == shlex.split(command)
