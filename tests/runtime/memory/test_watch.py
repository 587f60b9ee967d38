"""The watch over real processes that use up a small budget."""

from __future__ import annotations

import threading

import pytest

import sm_container as sm
from sm_container.machine.memory import MemoryBound
from sm_container.runtime.memory.budget import Memory
from sm_container.runtime.memory.enforcing import enforced
from tests.runtime.memory.growing import run
from tests.runtime.processes import Tree

ENDLESS = """
    while True:
        grow(memory.limit)
"""


def test_the_hard_mark_ends_training_with_figures_and_a_way_out(tree: Tree) -> None:
    done = run(tree, ENDLESS, "WATCH")
    assert done.returncode == 1, done.stderr.decode()
    failure = tree.failure()
    assert failure.startswith("MemoryBudgetError: memory ran short: ")
    for part in ("in use (peak ", "of a budget of", "(limit ", "instance type with more memory"):
        assert part in failure
    assert "in grow" in failure  # where it was


def test_a_sleep_is_ended_and_memory_of_a_child_counts(tree: Tree) -> None:
    done = run(
        tree,
        """
        child = os.fork()
        if child == 0:
            block = os.urandom(1) * (400 * MIB)
            time.sleep(600)
        try:
            time.sleep(600)
        except sm.MemoryBudgetError:
            say("raised in", threading.current_thread().name)
        os.kill(child, signal.SIGKILL)
        """,
        "WATCH",
    )
    assert (done.returncode, done.stdout) == (0, b"raised in MainThread\n"), done.stderr.decode()
    assert not tree.layout.failure.exists()  # what was overcome is no failure


def test_the_reason_stands_if_the_kernel_is_quicker(tree: Tree) -> None:
    done = run(
        tree,
        """
        try:
            while True:
                grow(memory.limit)
        except sm.MemoryBudgetError:
            os.kill(os.getpid(), signal.SIGKILL)
        """,
        "WATCH",
    )
    assert done.returncode == 128 + 9
    assert tree.failure().startswith("MemoryBudgetError: memory ran short: ")


def test_a_failure_that_the_author_wrote_is_kept(tree: Tree) -> None:
    tree.layout.failure.parent.mkdir(parents=True, exist_ok=True)
    tree.layout.failure.write_text("mine")
    assert run(tree, ENDLESS, "WATCH").returncode == 1
    assert tree.failure() == "mine"


def test_the_soft_mark_calls_back_in_the_main_thread_once_a_crossing(tree: Tree) -> None:
    done = run(
        tree,
        """
        called = []

        @memory.callback
        def shrink():
            called.append(threading.current_thread() is threading.main_thread())
            blocks.clear()

        soft = memory.limit * 0.85
        while len(called) < 2:
            grow(memory.limit * 0.9)
            await_look(lambda used: used >= soft or not blocks)  # the callback has emptied them
            blocks.clear()
            await_look(lambda used: used < soft)
        say(all(called), len(called))
        """,
        "WATCH",
        room=600,
        soft=0.85,
    )
    in_main, calls = done.stdout.split()
    assert (done.returncode, in_main) == (0, b"True"), done.stderr.decode()
    assert 2 <= int(calls) <= done.stderr.count(b"memory runs short: ")


def test_a_section_that_must_be_whole_comes_first(tree: Tree) -> None:
    done = run(
        tree,
        """
        called = threading.Event()
        memory.callback(called.set)
        with stop.deferred():
            grow(memory.limit * 0.9)
            while len(asked) < 3:
                time.sleep(0.01)
            say(called.is_set())
        called.wait(60)
        say(called.is_set())
        """,
        "WATCH",
        room=600,
        soft=0.85,
    )
    assert (done.returncode, done.stdout) == (0, b"False\nTrue\n"), done.stderr.decode()


def test_another_thread_than_the_main_one_is_refused(tree: Tree) -> None:
    refused: list[str] = []

    def train() -> None:
        policy = sm.MemoryPolicy(sm.Enforcement.WATCH)
        try:
            memory = Memory(MemoryBound(1 << 40))
            with enforced(memory, policy, tree.layout.failure, lambda: False):
                pytest.fail("it was let in")
        except RuntimeError as error:
            refused.append(str(error))

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert "acts in the main thread" in refused[0]
