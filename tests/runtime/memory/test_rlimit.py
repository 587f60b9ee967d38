"""RLIMIT_DATA that is really hit, and gone afterwards."""

from __future__ import annotations

import resource
from pathlib import Path

import sm_container as sm
from sm_container.machine.memory import MemoryBound
from sm_container.runtime.memory.budget import Memory
from sm_container.runtime.memory.enforcing import enforced
from tests.runtime.memory.growing import run
from tests.runtime.processes import Tree


def test_an_allocation_fails_by_itself_and_the_reason_says_why(tree: Tree) -> None:
    done = run(tree, "block = bytearray(400 * MIB)", "RLIMIT", room=200)
    assert done.returncode == 1
    failure = tree.failure()
    assert failure.startswith("MemoryBudgetError: an allocation failed, since a process may have ")
    for part in ("RLIMIT_DATA", "(peak ", "(limit ", "with more memory", "caused by MemoryError"):
        assert part in failure
    assert "block = bytearray(400 * MIB)" in failure


def test_what_was_never_touched_counts_too(tree: Tree) -> None:
    done = run(tree, "import numpy; numpy.zeros(400 * MIB, 'u1')", "RLIMIT", room=200)
    assert done.returncode == 1
    assert "Unable to allocate 400. MiB" in tree.failure()


def test_a_refusal_stays_as_it_is(tree: Tree) -> None:
    run(tree, "with memory.reserve(1 << 50): pass", "RLIMIT")
    assert "were asked for, which do not fit" in tree.failure()


def test_the_limit_ends_with_the_block(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_DATA)
    budget = 1 << 45  # more than this process has, whatever it did before
    policy = sm.MemoryPolicy(sm.Enforcement.RLIMIT)
    with enforced(Memory(MemoryBound(budget)), policy, tmp_path / "failure", lambda: False):
        assert resource.getrlimit(resource.RLIMIT_DATA) == (budget, before[1])
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
