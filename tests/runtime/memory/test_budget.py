"""What fits in a budget, with real memory."""

from __future__ import annotations

import pickle
import threading

import pytest

import sm_container as sm
from sm_container.machine.memory import MemoryBound
from sm_container.runtime.memory.budget import Memory

MIB = 1 << 20


@pytest.fixture
def memory() -> Memory:
    """400 MiB more than this process has, of which 100 MiB are the system's."""
    return Memory(MemoryBound(MemoryBound(0).used() + 400 * MIB), 100 * MIB)


def test_the_figures(memory: Memory) -> None:
    assert memory.budget == memory.limit - 100 * MIB
    assert 0 < memory.used <= memory.peak
    assert 250 * MIB < memory.available <= 300 * MIB + MIB


def test_what_is_reserved_is_not_available_whether_allocated_or_not(memory: Memory) -> None:
    with memory.reserve(100 * MIB):
        assert memory.available < 210 * MIB
        block = b"x" * (100 * MIB)
        assert 150 * MIB < memory.available < 210 * MIB
        del block
    assert memory.available > 250 * MIB


def test_what_does_not_fit_is_refused_before_anything_runs(memory: Memory) -> None:
    with (
        memory.reserve(200 * MIB),
        pytest.raises(sm.MemoryBudgetError) as refused,
        memory.reserve(150 * MIB),
    ):
        pytest.fail("it was let in")
    text = str(refused.value)
    for part in (
        "150.0 MiB were asked for",
        "200.0 MiB held",
        "of a budget of",
        "(limit ",
        "100.0",
    ):
        assert part in text
    assert "instance type with more memory" in text
    assert isinstance(refused.value, MemoryError)
    with memory.reserve(200 * MIB):  # the refusal has held nothing
        pass


def test_a_budget_that_is_used_up_has_nothing_left() -> None:
    memory = Memory(MemoryBound(10 * MIB), 20 * MIB)
    assert (memory.budget, memory.available) == (0, 0)
    with memory.reserve(0):
        pass


def test_threads_never_hold_more_than_fits(memory: Memory) -> None:
    begin, counted = threading.Barrier(16), threading.Barrier(16)
    let_in: list[int] = []

    def hold() -> None:
        begin.wait()
        try:
            with memory.reserve(60 * MIB):
                let_in.append(1)
                counted.wait()
        except sm.MemoryBudgetError:
            counted.wait()

    threads = [threading.Thread(target=hold) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(let_in) in (4, 5)  # 300 MiB, of which the threads themselves use some
    assert memory.available > 200 * MIB


def test_rows_that_fit(memory: Memory) -> None:
    rows = memory.rows_that_fit(1 * MIB)
    assert 100 < rows <= 151
    assert rows < memory.rows_that_fit(1 * MIB, share=1) <= 301
    with pytest.raises(sm.MemoryBudgetError, match=r"not one row of 1,000\.0 MiB fits in 50%"):
        memory.rows_that_fit(1000 * MIB)
    with pytest.raises(ValueError, match="takes bytes above 0"):
        memory.rows_that_fit(0)
    with pytest.raises(ValueError, match="takes a number of bytes"), memory.reserve(-1):
        pass


def test_another_process_has_the_same_limit_and_holds_nothing(memory: Memory) -> None:
    memory.callback(lambda: None)
    with memory.reserve(MIB):
        copy = pickle.loads(pickle.dumps(memory))
    assert (copy.limit, copy.budget, copy.callbacks) == (memory.limit, memory.budget, [])
