"""What is reserved for the system: by default, by declaration, by the variable."""

from __future__ import annotations

from pathlib import Path

import pytest

import sm_container as sm
from sm_container.machine.cgroups import MemoryGroup
from sm_container.machine.memory import MemoryBound
from sm_container.runtime.fault import Fault
from sm_container.runtime.memory.opening import RESERVE_VARIABLE, open_memory

GIB = 1 << 30
MACHINE = MemoryBound(64 * GIB)
GROUP = MemoryBound(64 * GIB, MemoryGroup(Path("/sys/fs/cgroup"), 2, 64 * GIB))


def test_a_machine_keeps_a_twentieth_and_a_group_nothing() -> None:
    assert open_memory(sm.MemoryPolicy(), {}, MACHINE).reserved_for_system == 64 * GIB // 20
    assert open_memory(sm.MemoryPolicy(), {}, MemoryBound(GIB)).reserved_for_system == GIB // 2
    assert open_memory(sm.MemoryPolicy(), {}, GROUP).reserved_for_system == 0


@pytest.mark.parametrize("bound", [MACHINE, GROUP])
def test_what_is_declared_and_the_variable_above_it(bound: MemoryBound) -> None:
    policy = sm.MemoryPolicy(reserve="2g")
    assert open_memory(policy, {}, bound).budget == 62 * GIB
    assert open_memory(policy, {RESERVE_VARIABLE: "25%"}, bound).budget == 48 * GIB
    assert open_memory(policy, {RESERVE_VARIABLE: "0"}, bound).budget == 64 * GIB
    assert open_memory(policy, {RESERVE_VARIABLE: " "}, bound).budget == 62 * GIB
    assert open_memory(sm.MemoryPolicy(reserve=GIB), {}, bound).budget == 63 * GIB


def test_what_is_no_amount_or_leaves_nothing() -> None:
    with pytest.raises(Fault, match=f"{RESERVE_VARIABLE}: 'lots' is no amount of memory"):
        open_memory(sm.MemoryPolicy(), {RESERVE_VARIABLE: "lots"}, MACHINE)
    with pytest.raises(Fault, match=r"=100% keeps 68,719,476,736 bytes .*: reserve less"):
        open_memory(sm.MemoryPolicy(), {RESERVE_VARIABLE: "100%"}, MACHINE)
