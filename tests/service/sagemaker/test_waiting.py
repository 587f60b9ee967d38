"""Jobs that wait for their turn, and clients that wait for jobs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.service.conftest import Service, ended, running, said

SLOW = {"epochs": "600", "pause": "0.1"}
SHORT = {"epochs": "1"}


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that runs one job at a time."""
    with running(tmp_path_factory.mktemp("narrow"), "--jobs", "1") as service:
        yield service


@pytest.fixture(scope="module")
def client(narrow: Service) -> Any:
    return narrow.client("sagemaker")


def make(service: Service, client: Any, name: str, hyperparameters: dict[str, str]) -> None:
    client.create_training_job(**service.request(name, HyperParameters=hyperparameters))


def trains(client: Any, name: str) -> None:
    """Wait until a job's container runs."""
    while client.describe_training_job(TrainingJobName=name)["SecondaryStatus"] != "Training":
        time.sleep(0.05)


def statuses(found: dict[str, Any]) -> list[str]:
    return [each["Status"] for each in found["SecondaryStatusTransitions"]]


def test_one_after_the_other(narrow: Service, client: Any) -> None:
    make(narrow, client, "first", SLOW)
    trains(client, "first")
    for name in ("second", "third"):
        make(narrow, client, name, SHORT)

    found = client.describe_training_job(TrainingJobName="third")
    assert found["TrainingJobStatus"] == "InProgress"
    assert found["SecondaryStatus"] == "Pending"
    [transition] = found["SecondaryStatusTransitions"]
    assert transition["StatusMessage"] == "Waiting until other training jobs have ended"
    assert said(client.delete_training_job, TrainingJobName="third") == (
        "ValidationException: The request was rejected because the training job is in status "
        "InProgress."
    )
    assert "already exists" in said(client.create_training_job, **narrow.request("third"))

    client.stop_training_job(TrainingJobName="first")

    first, second, third = (ended(client, name) for name in ("first", "second", "third"))
    assert statuses(first)[0] == "Starting"
    assert second["TrainingJobStatus"] == third["TrainingJobStatus"] == "Completed"
    assert statuses(second)[:2] == statuses(third)[:2] == ["Pending", "Starting"]
    assert first["TrainingEndTime"] <= second["TrainingStartTime"]
    assert second["TrainingEndTime"] <= third["TrainingStartTime"]


def test_one_that_is_stopped_while_it_waits(narrow: Service, client: Any) -> None:
    make(narrow, client, "before", SLOW)
    make(narrow, client, "stopped", SHORT)
    make(narrow, client, "after", SHORT)
    client.stop_training_job(TrainingJobName="stopped")

    found = ended(client, "stopped")

    assert found["TrainingJobStatus"] == found["SecondaryStatus"] == "Stopped"
    assert statuses(found) == ["Pending", "Stopping", "Stopped"]
    assert "TrainingStartTime" not in found
    assert not (narrow.s3 / "bucket/output/stopped").exists()
    waiting = client.describe_training_job(TrainingJobName="after")
    assert waiting["SecondaryStatus"] == "Pending"
    client.stop_training_job(TrainingJobName="before")
    assert ended(client, "after")["TrainingJobStatus"] == "Completed"
    client.delete_training_job(TrainingJobName="stopped")


def test_one_that_is_deleted_by_other_means_while_it_waits(narrow: Service, client: Any) -> None:
    make(narrow, client, "in-front", SLOW)
    make(narrow, client, "vanishing", SHORT)
    make(narrow, client, "behind", SHORT)
    (narrow.home / "jobs" / "vanishing").rename(narrow.folder / "vanished")
    client.stop_training_job(TrainingJobName="in-front")
    assert ended(client, "behind")["TrainingJobStatus"] == "Completed"
    assert "vanishing is lost" in narrow.log.read_text()


def test_never_more_than_fit(service: Service) -> None:
    service.stop()
    service.words = ("--jobs", "2")
    service.start()
    client = service.client("sagemaker")
    names = [f"job-{number}" for number in range(5)]
    with ThreadPoolExecutor(5) as pool:
        hyperparameters = {"epochs": "2", "pause": "0.2"}
        list(pool.map(lambda name: make(service, client, name, hyperparameters), names))
    found = [ended(client, name) for name in names]
    assert {each["TrainingJobStatus"] for each in found} == {"Completed"}
    turns = [(each["TrainingStartTime"], each["TrainingEndTime"]) for each in found]
    for at, _ in turns:
        assert sum(start <= at < end for start, end in turns) <= 2
    assert any(statuses(each)[0] == "Pending" for each in found)


def test_one_name_wanted_by_many_at_once(narrow: Service, client: Any) -> None:
    barrier = threading.Barrier(8)

    def attempt(number: int) -> str:
        name = "wanted" if number % 2 else "Wanted"
        barrier.wait(timeout=30)
        try:
            make(narrow, client, name, SHORT)
        except ClientError as fault:
            return str(fault.response["Error"]["Code"])
        return name

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(attempt, range(8)))
    [made] = [answer for answer in answers if answer != "ResourceInUse"]
    assert ended(client, made)["TrainingJobStatus"] == "Completed"


def wait(client: Any, name: str) -> None:
    waiter = client.get_waiter("training_job_completed_or_stopped")
    waiter.wait(TrainingJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def test_the_waiter_of_one_that_completes(narrow: Service, client: Any) -> None:
    make(narrow, client, "awaited", {"epochs": "2", "pause": "0.3"})
    wait(client, "awaited")
    found = client.describe_training_job(TrainingJobName="awaited")
    assert found["TrainingJobStatus"] == "Completed"


def test_the_waiter_of_one_that_is_stopped(narrow: Service, client: Any) -> None:
    make(narrow, client, "ended-early", SLOW)
    client.stop_training_job(TrainingJobName="ended-early")
    wait(client, "ended-early")
    found = client.describe_training_job(TrainingJobName="ended-early")
    assert found["TrainingJobStatus"] == "Stopped"


def test_the_waiter_of_one_that_fails(narrow: Service, client: Any) -> None:
    make(narrow, client, "broken", {"epochs": "1", "code": "1"})
    with pytest.raises(WaiterError, match="terminal failure state"):
        wait(client, "broken")


def test_the_waiter_of_one_that_is_not_there(client: Any) -> None:
    with pytest.raises(WaiterError, match="ValidationException"):
        wait(client, "nowhere")
