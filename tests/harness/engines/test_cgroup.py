"""Counters of both cgroup versions, read from trees of files as the kernel lays them out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sm_container.harness.engines import cgroup
from sm_container.harness.engines.engine import Stats

CONTAINER = "f" * 64


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cgroup, "_ROOT", tmp_path / "cgroup")
    monkeypatch.setattr(cgroup, "_PROC", tmp_path / "proc")
    return tmp_path


def lay(root: Path, lines: str) -> None:
    (root / "proc" / "7").mkdir(parents=True)
    (root / "proc" / "7" / "cgroup").write_text(lines)


def test_version_1(root: Path) -> None:
    lay(root, f"5:memory:/c/{CONTAINER}\n3:cpuacct:/c/{CONTAINER}\n0::/\n")
    memory = root / "cgroup" / "memory" / "c" / CONTAINER
    memory.mkdir(parents=True)
    for name, number in (("usage", 10), ("max_usage", 20), ("limit", 30)):
        (memory / f"memory.{name}_in_bytes").write_text(f"{number}\n")
    time = root / "cgroup" / "cpuacct" / "c" / CONTAINER
    time.mkdir(parents=True)
    (time / "cpuacct.usage").write_text("1500000000\n")
    assert cgroup.stats_of(7, CONTAINER) == Stats(10, 20, 30, 1.5)
    (memory / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    assert cgroup.stats_of(7, CONTAINER) == Stats(10, 20, None, 1.5)


def test_version_2(root: Path) -> None:
    lay(root, f"0::/c/libpod-{CONTAINER}.scope\n")
    folder = root / "cgroup" / "c" / f"libpod-{CONTAINER}.scope"
    folder.mkdir(parents=True)
    (folder / "memory.current").write_text("10\n")
    (folder / "memory.max").write_text("max\n")
    assert cgroup.stats_of(7, CONTAINER) == Stats(10, None, None, None)
    (folder / "memory.stat").write_text("anon 6\ninactive_file 4\n")
    assert cgroup.stats_of(7, CONTAINER) == Stats(6, None, None, None)
    (folder / "memory.stat").unlink()
    (folder / "memory.peak").write_text("12\n")
    (folder / "memory.max").write_text("40\n")
    (folder / "cpu.stat").write_text("usage_usec 2500000\nuser_usec 1\n")
    assert cgroup.stats_of(7, CONTAINER) == Stats(10, 12, 40, 2.5)


def test_process_of_another_machine_is_not_believed(root: Path) -> None:
    lay(root, "5:memory:/user.slice\n0::/user.slice\n")
    assert cgroup.stats_of(7, CONTAINER) is None


def test_ended_container_has_no_stats(root: Path) -> None:
    assert cgroup.stats_of(7, CONTAINER) is None
    lay(root, f"0::/c/{CONTAINER}\n")
    assert cgroup.stats_of(7, CONTAINER) is None


def test_this_process_is_in_no_container() -> None:
    assert cgroup.stats_of(os.getpid(), CONTAINER) is None
