from __future__ import annotations

import threading
import time

import pytest

from sm_container.storage.parallel import each


def nothing() -> None:
    pass


def test_every_task_is_done_once_by_several_threads() -> None:
    done: list[int] = []
    names: set[str] = set()
    meeting = threading.Barrier(4, timeout=20)

    def work(task: int) -> None:
        if task < 4:
            meeting.wait()
        names.add(threading.current_thread().name)
        done.append(task)

    each(work, range(1000), threads=4, tick=nothing, interrupt=nothing)
    assert sorted(done) == list(range(1000))
    assert len(names) == 4
    assert threading.current_thread().name not in names


def test_the_first_fault_is_raised_and_ends_the_work() -> None:
    done: list[int] = []
    interrupted: list[bool] = []

    def work(task: int) -> None:
        if task == 10:
            raise ValueError("ten")
        done.append(task)

    with pytest.raises(ValueError, match="ten"):
        each(
            work, range(10**9), threads=3, tick=nothing, interrupt=lambda: interrupted.append(True)
        )
    assert len(done) < 10**9
    assert interrupted == [True]


def test_a_fault_of_the_tasks_themselves_is_raised() -> None:
    def tasks() -> object:
        yield 1
        raise LookupError("no more")

    with pytest.raises(LookupError):
        each(lambda _: None, tasks(), threads=2, tick=nothing, interrupt=nothing)  # type: ignore[arg-type]


def test_whoever_waits_can_end_what_hangs() -> None:
    ended = threading.Event()
    here = threading.current_thread()

    def tick() -> None:
        assert threading.current_thread() is here
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        each(lambda _: ended.wait(60), [1, 2], threads=2, tick=tick, interrupt=ended.set)
    assert ended.is_set()


def test_no_thread_is_left() -> None:
    before = threading.active_count()
    each(lambda _: time.sleep(0.01), range(10), threads=8, tick=nothing, interrupt=nothing)
    assert threading.active_count() == before
