"""What processes really use, by real ones."""

from __future__ import annotations

import os
from pathlib import Path

from sm_container.machine.memory import memory_bound, own_peak, physical_memory, tree_memory

MIB = 1 << 20


def test_a_machine_without_limits_bounds_by_itself(tmp_path: Path) -> None:
    bound = memory_bound(tmp_path)
    assert (bound.limit, bound.group) == (physical_memory(), None)
    assert 0 < bound.used() < bound.limit


def test_the_peak_stays_when_the_use_is_gone() -> None:
    before = tree_memory()
    block = b"x" * (200 * MIB)
    assert tree_memory() > before + 150 * MIB
    del block
    assert tree_memory() < before + 50 * MIB
    assert own_peak() > before + 150 * MIB


def test_what_a_fork_shares_counts_once_and_what_it_adds_counts() -> None:
    shared = b"x" * (200 * MIB)
    alone = tree_memory()
    ready, tell = os.pipe()
    wait, end = os.pipe()
    child = os.fork()
    if child == 0:
        own = b"y" * (100 * MIB)
        os.write(tell, own[:1])
        os.close(end)
        os.read(wait, 1)
        os._exit(0)
    try:
        os.read(ready, 1)
        both = tree_memory()
    finally:
        for descriptor in (end, wait, ready, tell):
            os.close(descriptor)
        os.waitpid(child, 0)
    assert alone + 50 * MIB < both < alone + 180 * MIB
    del shared
