"""Saving in a thread: from a copy, one at a time, errors where the author calls next."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sm_container.runtime.checkpoints.checkpoints import WhenBusy
from sm_container.runtime.checkpoints.errors import CheckpointError
from sm_container.runtime.checkpoints.locking import locked
from tests.runtime.checkpoints.saving import content, files, opened, steps, text

DEADLINE = 60.0


class Gate:
    """A function that writes once it is let."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.began = threading.Event()
        self.opened = threading.Event()

    def snapshot(self) -> Callable[[Path], None]:
        return self.write

    def write(self, folder: Path) -> None:
        self.began.set()
        assert self.opened.wait(DEADLINE)
        text(self.word)(folder)


def fails(folder: Path) -> None:
    raise RuntimeError("in the thread")


def test_the_copy_is_of_now(hostile_tmp_path: Path) -> None:
    checkpoints = opened(hostile_tmp_path)
    weights = np.zeros(3)
    with locked(hostile_tmp_path):  # nothing is written yet
        checkpoints.save_async(1, {"weights": weights})
        weights += 1
    found = checkpoints.latest()
    assert found is not None
    np.testing.assert_array_equal(found.arrays()["weights"], [0, 0, 0])


def test_the_caller_goes_on_meanwhile(hostile_tmp_path: Path) -> None:
    checkpoints = opened(hostile_tmp_path)
    gate = Gate("one")
    assert checkpoints.save_async(1, gate.snapshot)
    assert gate.began.wait(DEADLINE)  # it is writing, and this goes on
    gate.opened.set()
    checkpoints.wait()
    assert content(checkpoints.latest()) == {"state": b"one"}


def test_never_two_at_once(hostile_tmp_path: Path) -> None:
    checkpoints = opened(hostile_tmp_path)
    busy = threading.Lock()

    def write(folder: Path) -> None:
        assert busy.acquire(blocking=False), "two were written at once"
        text("x")(folder)
        busy.release()

    def save_all(first: int) -> None:
        mine = opened(hostile_tmp_path)
        for step in range(first, first + 5):
            mine.save_async(step, lambda: write)
        mine.wait()

    others = [threading.Thread(target=save_all, args=(first,)) for first in (100, 200)]
    for other in others:
        other.start()
    for step in range(5):
        checkpoints.save_async(step, lambda: write)
        checkpoints.save(step + 10, write)
    for other in others:
        other.join()
    assert len(steps(checkpoints)) >= 3


def test_one_that_would_wait_may_be_skipped(hostile_tmp_path: Path) -> None:
    checkpoints = opened(hostile_tmp_path)
    gate = Gate("one")
    assert checkpoints.save_async(1, gate.snapshot, when_busy=WhenBusy.SKIP)
    assert gate.began.wait(DEADLINE)
    assert not checkpoints.save_async(2, pytest.fail, when_busy=WhenBusy.SKIP)
    gate.opened.set()
    checkpoints.wait()
    assert checkpoints.save_async(3, lambda: text("three"), when_busy=WhenBusy.SKIP)
    assert steps(checkpoints) == [1, 3]


def test_an_error_is_raised_by_the_next_call_once(hostile_tmp_path: Path) -> None:
    checkpoints = opened(hostile_tmp_path)
    calls: list[Callable[[], object]] = [
        lambda: checkpoints.save(2, text("two")),
        lambda: checkpoints.save_async(2, lambda: text("two")),
        checkpoints.wait,
        checkpoints.latest,
        checkpoints.all,
        checkpoints.best,
    ]
    for call in calls:
        checkpoints.save_async(1, lambda: fails)
        with pytest.raises(RuntimeError, match="in the thread"):
            call()
        assert steps(checkpoints) == []
    checkpoints.save(2, text("two"))
    assert steps(checkpoints) == [2]


def test_a_snapshot_that_fails_is_the_callers(hostile_tmp_path: Path) -> None:
    def no_snapshot() -> Callable[[Path], None]:
        raise RuntimeError("no memory")

    checkpoints = opened(hostile_tmp_path)
    with pytest.raises(RuntimeError, match="no memory"):
        checkpoints.save_async(1, no_snapshot)
    with pytest.raises(TypeError, match="from a function"):
        checkpoints.save_async(1, lambda: None)  # type: ignore[arg-type, return-value]
    checkpoints.wait()
    assert checkpoints.all() == []


def test_the_jobs_end_waits_and_raises(hostile_tmp_path: Path) -> None:
    with opened(hostile_tmp_path) as checkpoints:
        checkpoints.save_async(1, lambda: text("one"))
    assert (hostile_tmp_path / "sm-checkpoint-000000000001" / "state").exists()
    with pytest.raises(CheckpointError, match="wrote no file"), opened(hostile_tmp_path) as other:
        other.save_async(2, lambda: files({}))


def test_the_jobs_own_failure_comes_first(
    hostile_tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def train() -> None:
        with opened(hostile_tmp_path, is_copied=True) as checkpoints:
            checkpoints.save_async(1, lambda: fails)
            raise ValueError("of the job")

    with pytest.raises(ValueError, match="of the job"):
        train()
    assert caplog.messages == ["checkpoints: a checkpoint was not saved: in the thread"]


def test_several_threads_that_save_lose_no_error(hostile_tmp_path: Path) -> None:
    checkpoints = opened(hostile_tmp_path)
    began: list[int] = []
    raised: list[BaseException] = []

    def fail(folder: Path) -> None:
        began.append(1)
        fails(folder)

    def save() -> None:
        for step in range(20):
            try:
                checkpoints.save_async(step, lambda: fail)
            except BaseException as error:  # noqa: BLE001 - looked at below
                raised.append(error)

    threads = [threading.Thread(target=save) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE)
    try:
        checkpoints.wait()
    except RuntimeError as error:
        raised.append(error)
    assert {str(error) for error in raised} == {"in the thread"}
    assert len(raised) == len(began)


def test_the_function_that_writes_cannot_wait_for_itself(hostile_tmp_path: Path) -> None:
    checkpoints = opened(hostile_tmp_path)

    def write(folder: Path) -> None:
        checkpoints.latest()

    checkpoints.save_async(1, lambda: write)
    with pytest.raises(RuntimeError, match="called by the function that writes a checkpoint"):
        checkpoints.wait()
