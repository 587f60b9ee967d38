"""The CPUs that a process has, on this machine and on others."""

from __future__ import annotations

import os

from sm_container.machine.cpus import available_cpus
from tests.machine.conftest import Machine, put


def test_part_of_a_cpu_is_one(machine: Machine) -> None:
    point = machine.mount("cgroup2", "unified", "")
    put(point, cpu__max="10000 100000")
    machine.belongs("0::/")
    assert available_cpus(machine.proc) == 1


def test_a_quota_above_the_machine_is_the_machine(machine: Machine) -> None:
    point = machine.mount("cgroup2", "unified", "")
    put(point, cpu__max="100000000 1000")
    machine.belongs("0::/")
    assert available_cpus(machine.proc) == len(os.sched_getaffinity(0))


def test_this_machine() -> None:
    assert 1 <= available_cpus() <= (os.cpu_count() or 1)
