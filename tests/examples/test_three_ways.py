"""The three ways to train: the low-level API, the Python SDK, the console. One model."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from benchmarks.rivals import sdk_python
from tests.examples.loading import EXAMPLES, module_of
from tests.service.conftest import IMAGE, ROLE, Service, ended
from tests.service.console.conftest import OWN
from tests.service.console.test_train import fields_of

SDK_SCRIPT = Path(__file__).parents[1] / "service" / "clients" / "sdk_flights.py"
CHANNELS = ("train", "validation")


@pytest.fixture
def desk(hostile_tmp_path: Path) -> Iterator[Service]:
    """A service for which the image ``algo`` is the example, registered from its declaration."""
    pytest.importorskip("xgboost")
    program = EXAMPLES / "xgboost_algo" / "train.py"
    service = Service(hostile_tmp_path, ("--image", f"algo={program}"))
    (service.s3 / "flights").mkdir(parents=True)
    service.start()
    algorithm: Any = module_of("xgboost_algo", "train").algorithm
    algorithm.register(service.client("sagemaker"), image=IMAGE, instance_types=["ml.m5.large"])
    yield service
    service.stop()


@pytest.mark.long  # the SDK alone takes half a minute
@pytest.mark.parametrize(("every", "rounds"), [(25, 5), (1, 20)])
def test_they_make_the_same_model(
    desk: Service, prepare_data: ModuleType, tmp_path: Path, every: int, rounds: int
) -> None:
    """The SDK uploads one flight in so many; the others train on what it has uploaded."""
    prepare_data.prepare(tmp_path / "flights", every=every)

    by_sdk(desk, tmp_path / "flights", rounds)
    by_api(desk, rounds)
    by_console(desk, rounds)

    client = desk.client("sagemaker")
    found = {name: ended(client, name) for name in ("by-sdk", "by-api", "by-console")}
    assert {job["TrainingJobStatus"] for job in found.values()} == {"Completed"}
    assert len({model_of(desk, name) for name in found}) == 1
    assert len({value_of(job, "validation:rmse") for job in found.values()}) == 1


def by_sdk(desk: Service, flights: Path, rounds: int) -> None:
    done = subprocess.run(
        [sdk_python(), SDK_SCRIPT, flights, "by-sdk", str(rounds)],
        env={**os.environ, **(desk.environment or {})},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "validation:rmse=" in done.stdout  # the log of the job


def by_api(desk: Service, rounds: int) -> None:
    channels = [
        {
            "ChannelName": name,
            "ContentType": "text/csv",
            "DataSource": {
                "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://flights/{name}"}
            },
        }
        for name in CHANNELS
    ]
    desk.client("sagemaker").create_training_job(
        TrainingJobName="by-api",
        AlgorithmSpecification={"AlgorithmName": "xgboost-algo", "TrainingInputMode": "File"},
        RoleArn=ROLE,
        HyperParameters={"num_round": str(rounds)},
        InputDataConfig=channels,
        OutputDataConfig={"S3OutputPath": "s3://flights/models"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
    )


def by_console(desk: Service, rounds: int) -> None:
    with httpx.Client(base_url=desk.endpoint, follow_redirects=True, timeout=60) as browser:
        fields = fields_of(browser.get("/algorithms/xgboost-algo/train"))
        [name] = [each for each, value in fields.items() if value == "num_round"]
        fields |= {
            "TrainingJobName": "by-console",
            name.replace(".Name", ".Value"): str(rounds),
            "OutputDataConfig.S3OutputPath": "s3://flights/models",
        }
        for number, name in enumerate(CHANNELS):
            fields[f"InputDataConfig.{number}.S3Uri"] = f"s3://flights/{name}"
            fields[f"InputDataConfig.{number}.ContentType"] = "text/csv"
        created = browser.post(
            "/algorithms/xgboost-algo/train", headers=OWN, data={**fields, "do": "create"}
        )
    assert created.url.path == "/jobs/by-console", created.text


def model_of(desk: Service, name: str) -> str:
    with tarfile.open(desk.s3 / "flights" / "models" / name / "output" / "model.tar.gz") as archive:
        model = archive.extractfile("model.json")
        assert model is not None
        return hashlib.sha256(model.read()).hexdigest()


def value_of(job: dict[str, Any], metric: str) -> float:
    [value] = [each["Value"] for each in job["FinalMetricDataList"] if each["MetricName"] == metric]
    return float(value)
