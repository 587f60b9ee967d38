"""What processes really use, by real ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sm_container.machine.memory import memory_bound, physical_memory

MIB = 1 << 20


def test_a_machine_without_limits_bounds_by_itself(tmp_path: Path) -> None:
    bound = memory_bound(tmp_path)
    assert (bound.limit, bound.group) == (physical_memory(), None)
    assert 0 < bound.used() < bound.limit


USE = """
from sm_container.machine.memory import own_peak, tree_memory
before = tree_memory()
block = b"x" * (200 << 20)
during = tree_memory()
del block
print(before, during, tree_memory(), own_peak())
"""


def test_the_peak_stays_when_the_use_is_gone() -> None:
    # In a process of its own: this one may have had more, and have children.
    said = subprocess.run([sys.executable, "-c", USE], capture_output=True, check=True).stdout
    before, during, after, peak = map(int, said.split())
    assert during > before + 150 * MIB
    assert after < before + 50 * MIB
    assert peak > before + 150 * MIB


FORK = """
import os
from sm_container.machine.memory import tree_memory
shared = b"x" * (200 << 20)
alone = tree_memory()
ready, tell = os.pipe()
wait, end = os.pipe()
child = os.fork()
if child == 0:
    own = b"y" * (100 << 20)
    os.write(tell, own[:1])
    os.close(end)
    os.read(wait, 1)
    os._exit(0)
os.read(ready, 1)
print(alone, tree_memory())
os.close(end)
os.waitpid(child, 0)
"""


def test_what_a_fork_shares_counts_once_and_what_it_adds_counts() -> None:
    # In a process of its own, as above.
    said = subprocess.run([sys.executable, "-c", FORK], capture_output=True, check=True).stdout
    alone, both = map(int, said.split())
    assert alone + 50 * MIB < both < alone + 180 * MIB
