"""Control groups: as this machine has them, and as others are laid out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sm_container.machine import cgroups
from sm_container.machine.memory import memory_bound, total_memory
from tests.machine.conftest import Machine, put

UNLIMITED = "9223372036854771712"


def limits(proc: Path) -> tuple[int | None, float | None]:
    """Bytes of memory and CPUs."""
    group = cgroups.memory_group(proc)
    return None if group is None else group.limit, cgroups.cpu_quota(proc)


def test_v2_limits(machine: Machine) -> None:
    point = machine.mount("cgroup2", "unified", "nsdelegate")
    put(point / "a/b", memory__max="1073741824", cpu__max="150000 100000")
    machine.belongs("0::/a/b")
    assert limits(machine.proc) == (1 << 30, 1.5)
    assert total_memory(machine.proc) == 1 << 30


def test_the_least_limit_of_a_group_and_those_above_it_counts(machine: Machine) -> None:
    point = machine.mount("cgroup2", "unified", "")
    put(point / "a/b", memory__max="max", cpu__max="max 100000")
    put(point / "a", memory__max="2048", cpu__max="50000 100000")
    put(point, memory__max="4096")
    machine.belongs("0::/a/b")
    assert limits(machine.proc) == (2048, 0.5)


def test_v1_limits(machine: Machine) -> None:
    memory = machine.mount("cgroup", "memory", "memory")
    cpu = machine.mount("cgroup", "cpu,cpuacct", "cpu,cpuacct")
    machine.mount("cgroup2", "unified", "")
    put(memory / "docker/x", memory__limit_in_bytes="1048576")
    put(memory, memory__limit_in_bytes=UNLIMITED)
    put(cpu / "docker/x", cpu__cfs_quota_us="200000", cpu__cfs_period_us="100000")
    machine.belongs("4:memory:/docker/x", "1:cpu,cpuacct:/docker/x", "0::/")
    assert limits(machine.proc) == (1048576, 2.0)


def test_in_a_container_only_its_own_group_is_mounted(machine: Machine) -> None:
    # procfs names the host's path, of which the mount point is the end.
    memory = machine.mount("cgroup", "memory", "memory", root="/docker/x")
    put(memory, memory__limit_in_bytes="1048576")
    machine.belongs("4:memory:/docker/x")
    assert limits(machine.proc)[0] == 1048576
    machine.belongs("4:memory:/../elsewhere")
    assert limits(machine.proc)[0] == 1048576


def test_no_limits(machine: Machine) -> None:
    memory = machine.mount("cgroup", "memory", "memory")
    cpu = machine.mount("cgroup", "cpu", "cpu")
    put(memory, memory__limit_in_bytes=UNLIMITED)
    put(cpu, cpu__cfs_quota_us="-1", cpu__cfs_period_us="100000")
    machine.belongs("4:memory:/", "1:cpu:/", "9:name=systemd:/")
    assert limits(machine.proc) == (None, None)


def test_a_limit_above_the_machine_is_the_machine(machine: Machine) -> None:
    point = machine.mount("cgroup2", "unified", "")
    put(point, memory__max=str(1 << 59))
    machine.belongs("0::/")
    assert total_memory(machine.proc) == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@pytest.mark.parametrize("content", ["", "x", "max max", "0 0", "-5 10", "\0"])
def test_nonsense_in_a_control_file_is_no_limit(machine: Machine, content: str) -> None:
    point = machine.mount("cgroup2", "unified", "")
    put(point, memory__max=f"{content}x", cpu__max=content)
    machine.belongs("0::/")
    assert limits(machine.proc) == (None, None)


def test_without_procfs_there_are_no_limits(tmp_path: Path) -> None:
    assert limits(tmp_path) == (None, None)


def test_this_machine() -> None:
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < total_memory() <= machine


def test_v2_use_leaves_out_what_the_kernel_takes_back_first(machine: Machine) -> None:
    point = machine.mount("cgroup2", "unified", "")
    statistics = "anon 700\nfile 250\ninactive_anon 5\ninactive_file 200\nactive_file 50"
    put(point / "a", memory__max="4096", memory__current="1000", memory__stat=statistics)
    machine.belongs("0::/a")
    bound = memory_bound(machine.proc)
    assert (bound.limit, bound.used()) == (4096, 800)


def test_v1_use_counts_the_groups_below(machine: Machine) -> None:
    memory = machine.mount("cgroup", "memory", "memory", root="/docker/x")
    statistics = "inactive_file 1\ntotal_inactive_file 300"
    files = {"memory__limit_in_bytes": "4096", "memory__usage_in_bytes": "1000"}
    put(memory, memory__stat=statistics, **files)
    machine.belongs("4:memory:/docker/x")
    bound = memory_bound(machine.proc)
    assert (bound.limit, bound.used()) == (4096, 700)


def test_the_use_is_that_of_the_group_whose_limit_binds(machine: Machine) -> None:
    point = machine.mount("cgroup2", "unified", "")
    put(point / "a/b", memory__max="4096", memory__current="1")
    put(point / "a", memory__max="2048", memory__current="2000")
    put(point, memory__max="max", memory__current="3000")
    machine.belongs("0::/a/b")
    group = cgroups.memory_group(machine.proc)
    assert group == cgroups.MemoryGroup(point / "a", 2, 2048)
    assert memory_bound(machine.proc).used() == 2000


def test_a_group_that_tells_no_use_leaves_the_processes(machine: Machine) -> None:
    point = machine.mount("cgroup2", "unified", "")
    put(point, memory__max="4096")
    machine.belongs("0::/")
    assert memory_bound(machine.proc).used() > 1 << 20
