"""The service under load: many jobs from many clients, and a kill amid them."""

from __future__ import annotations

import os
import signal
import statistics
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.service.conftest import Service, ended
from tests.service.test_restart import kill, owner_of, until

CLIENTS = 8
EPOCHS = 3
LINES = [f"epoch {epoch}: train:rmse={1 / (epoch + 1)}" for epoch in range(EPOCHS)]

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]


def request(service: Service, name: str, pause: str = "0") -> dict[str, Any]:
    return service.request(name, HyperParameters={"epochs": str(EPOCHS), "pause": pause})


def log_of(service: Service, name: str) -> list[str]:
    """What the program itself has written; ``sm-train``, which starts it, says so in a line."""
    file = service.home / "jobs" / name / "logs" / "algo-1.log"
    lines = file.read_text().splitlines() if file.exists() else []
    return [line for line in lines if not line.startswith("sm-train: ")]


def listed(client: Any) -> list[str]:
    pages = client.get_paginator("list_training_jobs").paginate(PaginationConfig={"PageSize": 100})
    return [each["TrainingJobName"] for page in pages for each in page["TrainingJobSummaries"]]


@pytest.mark.parametrize("count", [20, 200])
def test_many_jobs_of_many_clients(service: Service, count: int) -> None:
    """None is lost, none runs twice, and every line of every log is there."""
    clients = [service.client("sagemaker") for _ in range(CLIENTS)]
    latencies: list[list[float]] = [[] for _ in range(CLIENTS)]
    names = [f"load-{number:03}" for number in range(count)]

    def described(number: int, name: str) -> str:
        before = time.perf_counter()
        found = clients[number].describe_training_job(TrainingJobName=name)
        latencies[number].append(time.perf_counter() - before)
        answer: str = found["TrainingJobStatus"]
        return answer

    def work(number: int) -> dict[str, str]:
        """Make every eighth job, all of them before any is waited for; how each has ended."""
        own = names[number::CLIENTS]
        for name in own:
            clients[number].create_training_job(**request(service, name))
        ends: dict[str, str] = {}
        while len(ends) < len(own):
            for name in own:
                found = described(number, name)
                if found != "InProgress":
                    ends[name] = found
            time.sleep(0.05)
        return ends

    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        ends = {name: end for each in pool.map(work, range(CLIENTS)) for name, end in each.items()}
    seconds = time.perf_counter() - began

    assert Counter(ends.values()) == {"Completed": count}
    assert sorted(listed(clients[0])) == names
    for name in names:
        assert log_of(service, name) == LINES
        assert (service.s3 / f"bucket/output/{name}/output/model.tar.gz").is_file()
    every = [each for own in latencies for each in own]
    cuts = statistics.quantiles(every, n=100)
    print(
        f"\n{count} jobs of {CLIENTS} clients in {seconds:.1f} s; {len(every)} times described: "
        f"median {cuts[49] * 1000:.1f} ms, 99th percentile {cuts[98] * 1000:.1f} ms, "
        f"longest {max(every) * 1000:.1f} ms"
    )


def test_a_service_that_is_killed_amid_jobs(service: Service) -> None:
    """Every job that was answered for ends as it should: the one whose own process is killed as
    well has failed, and all others complete, each having run once."""
    clients = [service.client("sagemaker") for _ in range(CLIENTS)]
    names = [f"amid-{number:02}" for number in range(20)]
    answered: list[str] = []
    some = threading.Event()
    slow = {"epochs": "600", "pause": "0.1"}
    clients[0].create_training_job(**service.request("victim", HyperParameters=slow))
    until(lambda: "epoch 0" in "".join(log_of(service, "victim")))

    def work(number: int) -> None:
        for name in names[number::CLIENTS]:
            try:
                clients[number].create_training_job(**request(service, name, pause="0.1"))
            except (BotoCoreError, ClientError):
                continue  # the service was killed: nobody knows of this one
            answered.append(name)
            if len(answered) > len(names) // 2:
                some.set()

    with ThreadPoolExecutor(CLIENTS) as pool:
        works = [pool.submit(work, number) for number in range(CLIENTS)]
        assert some.wait(60)
        kill(service)
        for each in works:
            each.result()
    os.kill(owner_of("victim"), signal.SIGKILL)

    service.start()

    client = service.client("sagemaker")
    present = listed(client)
    assert len(present) == len(set(present))
    assert {"victim", *answered} <= set(present) <= {"victim", *names}
    found = {name: ended(client, name) for name in present}
    assert found["victim"]["TrainingJobStatus"] == "Failed"
    assert found["victim"]["FailureReason"].startswith("InternalServerError: ")
    for name in answered:
        assert found[name]["TrainingJobStatus"] == "Completed", found[name]
        assert log_of(service, name) == LINES
    print(f"\n{len(answered)} of {len(names)} answered for, {len(present) - 1} there")
