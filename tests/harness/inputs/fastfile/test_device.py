from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sm_container.harness.inputs.fastfile.device import availability, may_mount
from sm_container.harness.inputs.fastfile.mount import READ_AHEAD
from tests.harness.inputs.fastfile.conftest import Mounter

SAY = "from sm_container.harness.inputs.fastfile.device import *; print(availability())"


def said(*words: str) -> str:
    """What a process that was started by ``words`` says of FUSE."""
    if shutil.which(words[0]) is None:
        pytest.skip(f"there is no {words[0]}")
    command = [*words, sys.executable, "-c", SAY]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_fuse_can_be_had_where_its_tests_run(fuse: None) -> None:
    assert availability() is None


@pytest.mark.container
def test_machine_without_the_device_is_told_to_load_the_module(base_image: str) -> None:
    text = said("bwrap", "--ro-bind", "/", "/", "--dev", "/dev")
    assert "there is no /dev/fuse: load the kernel's module (modprobe fuse)" in text


@pytest.mark.container
def test_root_without_the_capability_is_told_which(base_image: str, fuse: None) -> None:
    text = said("setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin")
    assert "--cap-add SYS_ADMIN" in text


def test_kernel_reads_ahead_as_far_as_root_says(mounted: Mounter, hostile_tmp_path: Path) -> None:
    source = hostile_tmp_path / "source"
    source.mkdir()
    status = os.stat(mounted(source).path)
    place = f"/sys/class/bdi/{os.major(status.st_dev)}:{os.minor(status.st_dev)}/read_ahead_kb"
    assert int(Path(place).read_text()) == (READ_AHEAD >> 10 if may_mount() else 128)
