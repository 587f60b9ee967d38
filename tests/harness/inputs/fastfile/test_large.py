"""A mount of 100,000 objects: found, listed and read, in bounded memory and with few open files."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import psutil
import pytest

from sm_container.storage.simulated import Link
from tests.harness.inputs.fastfile.conftest import LINK, Mounter

COUNT = 100_000
_READ = """
import os, sys
total = files = 0
for folder, _, names in os.walk(sys.argv[1]):
    for name in sorted(names):
        with open(os.path.join(folder, name), "rb") as file:
            content = file.read()
        assert content == name.encode() * (int(name) % 40 + 1), name
        total += len(content)
        files += 1
print(files, total)
"""


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("link", [None, LINK], ids=["files", "behind a link"])
def test_many_objects(mounted: Mounter, hostile_tmp_path: Path, link: Link | None) -> None:
    source = hostile_tmp_path / "source"
    for number in range(COUNT):
        path = source / f"{number % 10}" / f"{number:06}"
        if number < 10:
            path.parent.mkdir(parents=True)
        path.write_bytes(b"%06d" % number * (number % 40 + 1))
    size = sum(6 * (number % 40 + 1) for number in range(COUNT))
    mount = mounted(source, link)
    this = psutil.Process()
    held, memory = this.num_fds(), this.memory_info().rss

    found = subprocess.run(["find", mount.path, "-type", "f"], capture_output=True, check=True)
    assert found.stdout.count(b"\n") == COUNT
    listed = subprocess.run(["ls", "-lR", mount.path], capture_output=True, check=True)
    assert listed.stdout.count(b"\n-r--r--r--") == COUNT
    read = ["python3", "-c", _READ, os.fspath(mount.path)]
    done = subprocess.run(read, capture_output=True, text=True)
    assert done.stdout.split() == [str(COUNT), str(size)], done.stderr

    assert mount.faults == []
    assert this.num_fds() <= held + 40  # of files that were read last, and of threads at work
    assert this.memory_info().rss < memory + (200 << 20)
    shutil.rmtree(source)  # or a later run of pytest would, of all 100,000
