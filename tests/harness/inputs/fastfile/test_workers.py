from __future__ import annotations

import threading

from sm_container.harness.inputs.fastfile.workers import Workers


def test_work_that_waits_does_not_hold_up_other_work() -> None:
    workers = Workers(8, "test")
    go, done = threading.Event(), threading.Semaphore(0)
    for _ in range(7):
        workers.give(lambda: (go.wait(30), done.release())[1])
    other = threading.Event()
    workers.give(other.set)
    assert other.wait(30)
    go.set()
    workers.close()
    assert all(done.acquire(timeout=0) for _ in range(7))


def test_no_more_threads_than_allowed_and_all_work_is_done() -> None:
    workers = Workers(3, "limited")
    lock, seen, count = threading.Lock(), set(), [0]

    def work() -> None:
        with lock:
            seen.add(threading.get_ident())
            count[0] += 1

    for _ in range(500):
        workers.give(work)
    workers.close()
    assert count == [500]
    assert len(seen) <= 3
    assert not [thread for thread in threading.enumerate() if thread.name == "limited"]


def test_idle_threads_are_used_again() -> None:
    workers = Workers(64, "reused")
    done = threading.Event()
    for _ in range(20):
        done.clear()
        workers.give(done.set)
        assert done.wait(30)
    # The one that is done may not have said so yet when the next work comes.
    assert 1 <= sum(thread.name == "reused" for thread in threading.enumerate()) <= 10
    workers.close()
