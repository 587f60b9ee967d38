"""Control groups: as this machine has them, and as others are laid out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sm_container.machine import cgroups
from sm_container.machine.memory import available_cpus, memory_bound, total_memory

UNLIMITED = "9223372036854771712"


class Machine:
    """A procfs and a control group file system, written out as files."""

    def __init__(self, folder: Path) -> None:
        self.proc = folder / "proc"
        self.sys = folder / "sys with blank"
        (self.proc / "self").mkdir(parents=True)
        self._mounts: list[str] = []

    def mount(self, kind: str, name: str, controllers: str, root: str = "/") -> Path:
        point = self.sys / name
        point.mkdir(parents=True)
        shown = str(point).replace("\\", r"\134").replace(" ", r"\040")
        self._mounts.append(f"32 31 0:29 {root} {shown} rw - {kind} {kind} rw,{controllers}")
        return point

    def belongs(self, *lines: str) -> None:
        (self.proc / "self/cgroup").write_text("".join(f"{line}\n" for line in lines))
        (self.proc / "self/mountinfo").write_text("".join(f"{line}\n" for line in self._mounts))


@pytest.fixture
def machine(hostile_tmp_path: Path) -> Machine:
    return Machine(hostile_tmp_path)


def _put(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(f"{content}\n")


def test_v2_limits(machine: Machine) -> None:
    point = machine.mount("cgroup2", "unified", "nsdelegate")
    _put(point / "a/b", memory__max="1073741824", cpu__max="150000 100000")
    machine.belongs("0::/a/b")
    assert cgroups.limits(machine.proc) == cgroups.Limits(memory_bytes=1 << 30, cpus=1.5)
    assert total_memory(machine.proc) == 1 << 30


def test_the_least_limit_of_a_group_and_those_above_it_counts(machine: Machine) -> None:
    point = machine.mount("cgroup2", "unified", "")
    _put(point / "a/b", memory__max="max", cpu__max="max 100000")
    _put(point / "a", memory__max="2048", cpu__max="50000 100000")
    _put(point, memory__max="4096")
    machine.belongs("0::/a/b")
    assert cgroups.limits(machine.proc) == cgroups.Limits(memory_bytes=2048, cpus=0.5)


def test_v1_limits(machine: Machine) -> None:
    memory = machine.mount("cgroup", "memory", "memory")
    cpu = machine.mount("cgroup", "cpu,cpuacct", "cpu,cpuacct")
    machine.mount("cgroup2", "unified", "")
    _put(memory / "docker/x", memory__limit_in_bytes="1048576")
    _put(memory, memory__limit_in_bytes=UNLIMITED)
    _put(cpu / "docker/x", cpu__cfs_quota_us="200000", cpu__cfs_period_us="100000")
    machine.belongs("4:memory:/docker/x", "1:cpu,cpuacct:/docker/x", "0::/")
    assert cgroups.limits(machine.proc) == cgroups.Limits(memory_bytes=1048576, cpus=2.0)


def test_in_a_container_only_its_own_group_is_mounted(machine: Machine) -> None:
    # procfs names the host's path, of which the mount point is the end.
    memory = machine.mount("cgroup", "memory", "memory", root="/docker/x")
    _put(memory, memory__limit_in_bytes="1048576")
    machine.belongs("4:memory:/docker/x")
    assert cgroups.limits(machine.proc).memory_bytes == 1048576
    machine.belongs("4:memory:/../elsewhere")
    assert cgroups.limits(machine.proc).memory_bytes == 1048576


def test_no_limits(machine: Machine) -> None:
    memory = machine.mount("cgroup", "memory", "memory")
    cpu = machine.mount("cgroup", "cpu", "cpu")
    _put(memory, memory__limit_in_bytes=UNLIMITED)
    _put(cpu, cpu__cfs_quota_us="-1", cpu__cfs_period_us="100000")
    machine.belongs("4:memory:/", "1:cpu:/", "9:name=systemd:/")
    assert cgroups.limits(machine.proc) == cgroups.Limits()


def test_a_limit_above_the_machine_is_the_machine(machine: Machine) -> None:
    point = machine.mount("cgroup2", "unified", "")
    _put(point, memory__max=str(1 << 59), cpu__max="100000000 1000")
    machine.belongs("0::/")
    assert total_memory(machine.proc) == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert available_cpus(machine.proc) == len(os.sched_getaffinity(0))


def test_part_of_a_cpu_is_one(machine: Machine) -> None:
    point = machine.mount("cgroup2", "unified", "")
    _put(point, cpu__max="10000 100000")
    machine.belongs("0::/")
    assert available_cpus(machine.proc) == 1


@pytest.mark.parametrize("content", ["", "x", "max max", "0 0", "-5 10", "\0"])
def test_nonsense_in_a_control_file_is_no_limit(machine: Machine, content: str) -> None:
    point = machine.mount("cgroup2", "unified", "")
    _put(point, memory__max=f"{content}x", cpu__max=content)
    machine.belongs("0::/")
    assert cgroups.limits(machine.proc) == cgroups.Limits()


def test_without_procfs_there_are_no_limits(tmp_path: Path) -> None:
    assert cgroups.limits(tmp_path) == cgroups.Limits()


def test_this_machine() -> None:
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < total_memory() <= machine
    assert 1 <= available_cpus() <= (os.cpu_count() or 1)


def test_v2_use_leaves_out_what_the_kernel_takes_back_first(machine: Machine) -> None:
    point = machine.mount("cgroup2", "unified", "")
    statistics = "anon 700\nfile 250\ninactive_anon 5\ninactive_file 200\nactive_file 50"
    _put(point / "a", memory__max="4096", memory__current="1000", memory__stat=statistics)
    machine.belongs("0::/a")
    bound = memory_bound(machine.proc)
    assert (bound.limit, bound.used()) == (4096, 800)


def test_v1_use_counts_the_groups_below(machine: Machine) -> None:
    memory = machine.mount("cgroup", "memory", "memory", root="/docker/x")
    statistics = "inactive_file 1\ntotal_inactive_file 300"
    files = {"memory__limit_in_bytes": "4096", "memory__usage_in_bytes": "1000"}
    _put(memory, memory__stat=statistics, **files)
    machine.belongs("4:memory:/docker/x")
    bound = memory_bound(machine.proc)
    assert (bound.limit, bound.used()) == (4096, 700)


def test_the_use_is_that_of_the_group_whose_limit_binds(machine: Machine) -> None:
    point = machine.mount("cgroup2", "unified", "")
    _put(point / "a/b", memory__max="4096", memory__current="1")
    _put(point / "a", memory__max="2048", memory__current="2000")
    _put(point, memory__max="max", memory__current="3000")
    machine.belongs("0::/a/b")
    group = cgroups.memory_group(machine.proc)
    assert group == cgroups.MemoryGroup(point / "a", 2, 2048)
    assert memory_bound(machine.proc).used() == 2000


def test_a_group_that_tells_no_use_leaves_the_processes(machine: Machine) -> None:
    point = machine.mount("cgroup2", "unified", "")
    _put(point, memory__max="4096")
    machine.belongs("0::/")
    assert memory_bound(machine.proc).used() > 1 << 20
