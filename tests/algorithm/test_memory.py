"""Memory as an algorithm under ``sm-train`` meets it: reserved, reserved wrongly, used up."""

from __future__ import annotations

import subprocess
import sys

import pytest

import sm_container as sm
from sm_container.machine.memory import total_memory
from tests.runtime.processes import Tree

PROGRAM = """
import sm_container as sm

algorithm = sm.Algorithm(
    "grows", memory=sm.MemoryPolicy(sm.Enforcement.{policy}, reserve="5%", soft=0.000001)
)

@algorithm.train
def train(job):
    memory = job.memory
{body}

if __name__ == "__main__":
    algorithm.main()
"""


def _run(
    tree: Tree, body: str, policy: str, **variables: str
) -> subprocess.CompletedProcess[bytes]:
    path = tree.write_code("train.py", PROGRAM.format(policy=policy, body=body))
    return tree.run("--", sys.executable, str(path), variables=variables)


def test_what_is_reserved_is_not_in_the_budget(tree: Tree) -> None:
    body = "    print(memory.limit - memory.budget, memory.used <= memory.peak, flush=True)"
    done = _run(tree, body, "ADVISE", SM_CONTAINER_MEMORY_RESERVE="64m")
    assert (done.returncode, done.stdout) == (0, f"{64 << 20} True\n".encode()), done.stderr
    done = _run(tree, body, "ADVISE")
    assert done.stdout == f"{int(total_memory() * 5 / 100)} True\n".encode(), done.stderr


def test_a_budget_that_is_used_up_fails_the_job(tree: Tree) -> None:
    """RLIMIT counts what is asked for: a small budget without touching much of it."""
    reserve = str(total_memory() - (400 << 20))
    body = "    block = bytearray(500 << 20)"
    done = _run(tree, body, "RLIMIT", SM_CONTAINER_MEMORY_RESERVE=reserve)
    assert done.returncode == 1
    failure = tree.failure()
    assert failure.startswith("MemoryBudgetError: an allocation failed, since a process may have ")
    assert "a budget of 400.0 MiB" in failure
    assert "block = bytearray(500 << 20)" in failure


def test_the_soft_mark_reaches_a_job(tree: Tree) -> None:
    body = """
    import threading
    called = threading.Event()
    memory.callback(called.set)
    print(called.wait(60), flush=True)
"""
    done = _run(tree, body, "WATCH")
    assert (done.returncode, done.stdout) == (0, b"True\n"), done.stderr


@pytest.mark.parametrize(
    ("written", "said"), [("lots", "'lots' is no amount of memory"), ("100%", "reserve less")]
)
def test_a_variable_that_cannot_be_fails_before_training(
    tree: Tree, written: str, said: str
) -> None:
    done = _run(tree, "    print('trained')", "ADVISE", SM_CONTAINER_MEMORY_RESERVE=written)
    assert (done.returncode, done.stdout) == (1, b"")
    assert "SM_CONTAINER_MEMORY_RESERVE" in tree.failure()
    assert said in tree.failure()
    assert b"Traceback" not in done.stderr


def test_in_this_process(tree: Tree) -> None:
    algorithm = sm.Algorithm("any")
    seen: list[int] = []

    @algorithm.train
    def train(job: sm.Job[dict[str, str]]) -> None:
        seen.append(job.memory.budget)

    algorithm.run(tree.layout, {"SM_CONTAINER_MEMORY_RESERVE": "1g"})
    assert seen == [total_memory() - (1 << 30)]
