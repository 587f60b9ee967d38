"""How an algorithm that trains in this process ends, as a program of its own would."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import sm_container as sm
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import JobStatus, Phase
from sm_container.harness.life.observer import Silent
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.home import Home
from sm_container.testing.jobs.result import JobResult
from sm_container.testing.jobs.training_job import TrainingJob

Make = Callable[..., TrainingJob]
Run = Callable[..., JobResult]
Train = Callable[[sm.Job[dict[str, str]]], object]


@pytest.fixture
def run(training_job: Make) -> Run:
    """Runs a function as an algorithm without a declaration."""

    def run_function(train: Train, **fields: Any) -> JobResult:
        algorithm = sm.Algorithm("any", metrics=[sm.Metric("loss")])
        algorithm.train(train)
        return training_job(algorithm, **fields).run()

    return run_function


@pytest.mark.parametrize(
    ("code", "expected", "said"),
    [(None, 0, ""), (3, 3, ""), (-1, 255, ""), ("no data here", 1, "no data here\n")],
)
def test_exit_codes(run: Run, code: Any, expected: int, said: str) -> None:
    result = run(lambda job: sys.exit(code))

    assert result.exit_code == expected
    assert result.status == ("Completed" if expected == 0 else "Failed")
    assert result.log == said
    assert result.failure == (code if said else None)


def test_what_an_algorithm_leaves_behind_does_not_hold_the_job_up(run: Run) -> None:
    left: list[subprocess.Popen[bytes]] = []

    def train(job: sm.Job[dict[str, str]]) -> None:
        def again() -> None:  # a cycle that keeps the job, and with it a copy of its output
            assert job
            again()

        job.metrics.log(loss=0.5)
        left.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]))

    result = run(train)

    left[0].kill()
    left[0].wait()
    assert result.status == "Completed"
    assert result.metrics == {"loss": [0.5]}


def test_an_outcome_of_pytest_ends_the_test_and_the_job(run: Run, sm_container_home: Home) -> None:
    def train(job: sm.Job[dict[str, str]]) -> None:
        pytest.skip("not here")

    with pytest.raises(pytest.skip.Exception, match="not here"):
        run(train)

    latest = max(sm_container_home.jobs.iterdir(), key=lambda path: path.stat().st_mtime)
    assert JobFolder(latest).read().status is JobStatus.STOPPED


class AtDownload(Silent):
    """Has an alarm come when data is downloaded, as a test's timeout does."""

    def record(self, record: JobRecord) -> None:
        if record.phase is Phase.DOWNLOADING:
            main = threading.main_thread().ident
            assert main is not None
            signal.pthread_kill(main, signal.SIGALRM)


def test_a_timeout_before_anything_trains(training_job: Make, sm_container_home: Home) -> None:
    """It comes in the main thread, which waits there for something to do."""
    algorithm = sm.Algorithm("late")
    algorithm.train(lambda job: job.stop.wait(60))

    def alarm(number: int, frame: object) -> None:
        raise TimeoutError("too late")

    before = signal.signal(signal.SIGALRM, alarm)
    try:
        with pytest.raises(TimeoutError, match="too late"):
            training_job(algorithm).run([lambda prepared, folder: AtDownload()])
    finally:
        signal.signal(signal.SIGALRM, before)

    latest = max(sm_container_home.jobs.iterdir(), key=lambda path: path.stat().st_mtime)
    assert JobFolder(latest).read().status is JobStatus.STOPPED


def test_a_grace_that_is_too_short(training_job: Make) -> None:
    algorithm = sm.Algorithm("deaf")

    @algorithm.train
    def train(job: sm.Job[dict[str, str]]) -> None:
        print("begun", flush=True)
        while True:
            job.stop.wait(0.01)

    result = training_job(algorithm, grace=0.3).stop_after("begun").run()

    assert (result.status, result.exit_code) == ("Stopped", 137)


def test_network_isolation_is_refused(run: Run) -> None:
    result = run(lambda job: None, request={"EnableNetworkIsolation": True})

    assert result.status == "Failed"
    assert "run the algorithm's program or its image" in result.reason


def test_variables_and_the_working_folder(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, str] = {}

    def train(job: sm.Job[dict[str, str]]) -> None:
        import os

        seen.update(os.environ)
        os.chdir("/")

    monkeypatch.setenv("OF_THE_TEST", "1")
    folder = Path.cwd()
    result = run(train, environment={"OF_THE_REQUEST": "2"}, hyperparameters={"depth": 3})

    assert result.status == "Completed"
    assert seen["OF_THE_TEST"] == "1"
    assert seen["OF_THE_REQUEST"] == "2"
    assert seen["SM_HP_DEPTH"] == "3"
    assert seen["TRAINING_JOB_NAME"] == result.name
    assert Path.cwd() == folder
