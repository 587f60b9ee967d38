"""A service that ends, or is killed, and the jobs that it finds when it is started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.service.conftest import Service, ended, said

SLOW = {"epochs": "600", "pause": "0.1"}
SHORT = {"epochs": "1"}
DEADLINE = 60.0


@pytest.fixture
def narrow(service: Service) -> Service:
    """A service that runs one job at a time."""
    service.stop()
    service.words = ("--jobs", "1")
    service.start()
    return service


def make(service: Service, name: str, hyperparameters: dict[str, str]) -> None:
    request = service.request(name, HyperParameters=hyperparameters)
    service.client("sagemaker").create_training_job(**request)


def status(service: Service, name: str) -> str:
    """SecondaryStatus, asked of the service."""
    found = service.client("sagemaker").describe_training_job(TrainingJobName=name)
    answer: str = found["SecondaryStatus"]
    return answer


def on_disk(service: Service, name: str) -> dict[str, Any]:
    """The record of a job, whoever runs it."""
    found: dict[str, Any] = json.loads((service.home / "jobs" / name / "job.json").read_text())
    return found


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def kill(service: Service) -> None:
    assert service.process is not None
    service.process.kill()
    service.process.wait()


def owner_of(name: str) -> int:
    """The process that runs a job: it holds the lock on its folder, and is no service."""
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            held = link.readlink()
            command = link.parents[1].joinpath("cmdline").read_bytes()
        except OSError:
            continue  # it has ended, or closed that
        if held.parts[-3:] == ("jobs", name, "owner.lock") and b"harness.life." in command:
            return int(link.parts[2])
    raise AssertionError(f"nobody runs {name}")


def test_jobs_outlive_a_service_that_is_killed(narrow: Service) -> None:
    """One that runs goes on, those that wait have their turns, one that was to stop has stopped."""
    make(narrow, "running", SLOW)
    until(lambda: status(narrow, "running") == "Training")
    for name in ("second", "unwanted", "third"):
        make(narrow, name, SHORT)
    owner = owner_of("running")
    kill(narrow)
    (narrow.home / "jobs" / "unwanted" / "stop-requested").touch()

    narrow.start()

    client = narrow.client("sagemaker")
    assert owner_of("running") == owner
    assert status(narrow, "second") == "Pending"
    client.stop_training_job(TrainingJobName="running")  # it would run for long
    found = {name: ended(client, name) for name in ("running", "second", "unwanted", "third")}
    assert {name: each["TrainingJobStatus"] for name, each in found.items()} == {
        "running": "Stopped",
        "second": "Completed",
        "unwanted": "Stopped",
        "third": "Completed",
    }
    assert found["running"]["TrainingEndTime"] <= found["second"]["TrainingStartTime"]
    assert found["second"]["TrainingEndTime"] <= found["third"]["TrainingStartTime"]
    said_so = narrow.log.read_text()
    assert "running runs, and goes on" in said_so
    assert "second waits its turn again" in said_so


def test_a_job_that_ended_while_nobody_served(narrow: Service) -> None:
    make(narrow, "meanwhile", {"epochs": "5", "pause": "0.1"})
    kill(narrow)
    until(lambda: on_disk(narrow, "meanwhile")["status"] == "Completed")
    narrow.start()
    assert status(narrow, "meanwhile") == "Completed"
    assert (narrow.s3 / "bucket/output/meanwhile/output/model.tar.gz").is_file()


def test_a_job_whose_process_was_killed_too(narrow: Service) -> None:
    make(narrow, "orphan", SLOW)
    until(lambda: status(narrow, "orphan") == "Training")
    make(narrow, "next", SHORT)
    owner = owner_of("orphan")
    kill(narrow)
    os.kill(owner, signal.SIGKILL)
    until(lambda: not Path(f"/proc/{owner}").exists())

    narrow.start()

    client = narrow.client("sagemaker")
    found = ended(client, "orphan")
    assert found["TrainingJobStatus"] == "Failed"
    assert found["FailureReason"].startswith("InternalServerError: ")
    assert "TrainingEndTime" in found
    assert ended(client, "next")["TrainingJobStatus"] == "Completed"
    assert "orphan was ended: the process that ran it had died" in narrow.log.read_text()


def test_a_job_whose_process_dies_while_it_is_served(service: Service) -> None:
    make(service, "orphan", SLOW)
    until(lambda: status(service, "orphan") == "Training")
    os.kill(owner_of("orphan"), signal.SIGKILL)
    found = ended(service.client("sagemaker"), "orphan")
    assert found["TrainingJobStatus"] == "Failed"
    assert found["FailureReason"].startswith("InternalServerError: ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_drains(narrow: Service, number: int) -> None:
    """What runs ends, what waits stays, nothing is taken, and every question is answered."""
    make(narrow, "running", SLOW)
    until(lambda: status(narrow, "running") == "Training")
    make(narrow, "waiting", SHORT)
    make(narrow, "unwanted", SHORT)
    client = narrow.client("sagemaker")
    assert narrow.process is not None
    narrow.process.send_signal(number)
    until(lambda: "no more jobs are taken; 1 that runs is awaited" in narrow.log.read_text())

    assert said(client.create_training_job, **narrow.request("late")) == (
        "ServiceUnavailable: The service takes no more jobs: it is ending"
    )
    assert status(narrow, "running") == "Training"
    assert len(client.list_training_jobs()["TrainingJobSummaries"]) == 3
    client.stop_training_job(TrainingJobName="unwanted")
    assert ended(client, "unwanted")["TrainingJobStatus"] == "Stopped"
    client.stop_training_job(TrainingJobName="running")

    assert narrow.process.wait(DEADLINE) == 0
    assert on_disk(narrow, "running")["status"] == "Stopped"
    assert [name for name, _, _ in on_disk(narrow, "waiting")["transitions"]] == ["PENDING"]
    narrow.start()
    assert ended(narrow.client("sagemaker"), "waiting")["TrainingJobStatus"] == "Completed"
    assert "not found" in said(
        narrow.client("sagemaker").describe_training_job, TrainingJobName="late"
    )


def test_the_second_signal_ends_it(narrow: Service) -> None:
    make(narrow, "running", SLOW)
    until(lambda: status(narrow, "running") == "Training")
    make(narrow, "waiting", SHORT)
    owner = owner_of("running")
    assert narrow.process is not None
    narrow.process.terminate()
    until(lambda: "no more jobs are taken" in narrow.log.read_text())

    narrow.process.terminate()

    assert narrow.process.wait(DEADLINE) == 0
    assert owner_of("running") == owner
    assert on_disk(narrow, "running")["status"] == "InProgress"
    assert "awaited, 1 left for the next start" in narrow.log.read_text()
    assert "the service ends; 1 job goes on without it: sm-container ps" in narrow.log.read_text()
    narrow.start()
    client = narrow.client("sagemaker")
    client.stop_training_job(TrainingJobName="running")
    assert ended(client, "running")["TrainingJobStatus"] == "Stopped"
    assert ended(client, "waiting")["TrainingJobStatus"] == "Completed"


def test_one_that_has_nothing_to_do_ends_at_once(service: Service) -> None:
    assert service.process is not None
    service.process.terminate()
    assert service.process.wait(DEADLINE) == 0
    assert "no more jobs" not in service.log.read_text()


def test_two_services_of_one_home(service: Service) -> None:
    words = (sys.executable, "-m", "sm_container", "api", "--port", "0")
    environment = {**os.environ, "SM_CONTAINER_HOME": str(service.home)}
    second = subprocess.run(
        words, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )
    assert second.returncode == 125
    assert "runs already" in second.stderr
    assert "Traceback" not in second.stderr
