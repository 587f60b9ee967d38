"""What hosts use, sampled of real programs, and of an engine that does not answer."""

from __future__ import annotations

import errno
import os
import shlex
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sm_container.harness.engines.engine import EngineError, Stats
from sm_container.harness.job.traffic import ChannelTraffic
from sm_container.harness.life.utilization import Sampling
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.series import read_series
from sm_container.machine.memory import total_memory
from tests.harness.life.conftest import Desk
from tests.runtime.processes import wait_until

MIB = 1 << 20


class Answering:
    """A container of which only the use is asked; the answers come from a function."""

    def __init__(self, answer: Callable[[], Stats | None]) -> None:
        self.stats = answer


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    return JobFolder(tmp_path)


def _points(folder: JobFolder, host: str = "algo-1") -> list[dict[str, Any]]:
    return read_series(folder.utilization(host))[0]


def _sampling(folder: JobFolder, answer: Callable[[], Stats | None]) -> Sampling:
    return Sampling(folder, {"algo-1": Answering(answer)}, seconds=0.01)  # type: ignore[dict-item]


def test_a_job_has_the_use_of_its_program(desk: Desk) -> None:
    go = desk.folder / "go"
    begun = threading.Event()
    desk.watched.at_output = lambda data: begun.set()

    def end_it() -> None:
        begun.wait(60)
        wait_until(lambda: len(_points(desk.job())) >= 3, "three points")
        go.touch()

    ending = threading.Thread(target=end_it)
    ending.start()
    try:
        record = desk.run(f"echo begun; while [ ! -e {shlex.quote(str(go))} ]; do :; done")
    finally:
        ending.join()
    assert record.exit_code == 0
    first, *rest = _points(desk.job())
    assert "CPUUtilization" not in first
    for point in rest:
        assert 0 <= point["CPUUtilization"] <= 100 * (os.cpu_count() or 1) + 50
        assert 0 < point["MemoryBytes"] < point["MemoryLimitBytes"] == total_memory()
        assert 0 <= point["DiskUtilization"] <= 100
    assert any(point["CPUUtilization"] > 5 for point in rest)  # it does nothing but run


def test_percents_are_of_the_limit_and_channels_are_told(folder: JobFolder) -> None:
    cpu = iter(range(1, 1_000_000))
    answer = Stats(64 * MIB, None, 256 * MIB, 0.0)
    sampling = _sampling(folder, lambda: Stats(64 * MIB, None, 256 * MIB, next(cpu)))
    sampling.traffic = (
        ChannelTraffic("train", "algo-1", "Pipe", 5),
        ChannelTraffic("train", "algo-2", "Pipe", 7),
    )
    with sampling:
        wait_until(lambda: len(_points(folder)) >= 2, "two points")
    first, second, *_ = _points(folder)
    assert (first["MemoryUtilization"], first["ChannelBytes"]) == (25, {"train": 5})
    assert second["CPUUtilization"] > 0
    assert sampling.peaks == {"algo-1": answer.memory_bytes}


def test_an_engine_that_does_not_answer_keeps_nobody_and_writes_no_more(folder: JobFolder) -> None:
    asked, answers = threading.Event(), threading.Event()

    def answer() -> Stats:
        asked.set()
        answers.wait(60)
        return Stats(1)

    sampling = _sampling(folder, answer)
    with sampling:
        asked.wait(60)
    answers.set()
    sampling._thread.join(60)
    assert not sampling._thread.is_alive()
    assert _points(folder) == []


def test_an_engine_that_fails_is_asked_again(folder: JobFolder) -> None:
    def answers() -> Iterator[Stats | None]:
        yield None
        while True:
            yield Stats(1)

    given = answers()
    failures = iter([EngineError("not now")])

    def answer() -> Stats | None:
        for failure in failures:
            raise failure
        return next(given)

    with _sampling(folder, answer):
        wait_until(lambda: _points(folder), "a point")


def test_a_disk_that_takes_no_more_ends_it_with_a_note(folder: JobFolder) -> None:
    folder.utilization("algo-1").parent.mkdir()
    folder.utilization("algo-1").symlink_to("/dev/full")
    sampling = _sampling(folder, lambda: Stats(1))
    with sampling:
        wait_until(lambda: sampling.fault, "the fault")
    assert sampling.fault is not None
    assert sampling.fault.endswith(os.strerror(errno.ENOSPC))


def test_a_job_that_was_deleted_ends_it(tmp_path: Path) -> None:
    sampling = _sampling(JobFolder(tmp_path / "gone"), lambda: Stats(1))
    with sampling:
        sampling._thread.join(60)
        assert not sampling._thread.is_alive()
    assert sampling.fault is None
