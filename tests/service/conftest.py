"""The service as a person starts it: a process and a home of its own, and real clients."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import HOSTILE_NAME

_SECONDS = 60
_COMMAND = (sys.executable, "-m", "sm_container", "api", "--port", "0", "--json")

ROLE = "arn:aws:iam::000000000000:role/trainer"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/algo:1"
"""A TrainingImage that `program` runs for."""

TRAINING_SPECIFICATION = (
    "TrainingImage",
    "TrainingImageDigest",
    "SupportedHyperParameters",
    "SupportedTrainingInstanceTypes",
    "SupportsDistributedTraining",
    "MetricDefinitions",
    "TrainingChannels",
    "SupportedTuningJobObjectiveMetrics",
    "AdditionalS3DataSource",
)

PROGRAM = '''#!{python}
"""Trains for hyperparameters' epochs of pause seconds each, and ends with code."""
import json, os, signal, sys, time
base = os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")
given = json.load(open(f"{{base}}/input/config/hyperparameters.json"))
stopped = []
signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
for epoch in range(int(given.get("epochs", "3"))):
    print(f"epoch {{epoch}}: train:rmse={{1 / (epoch + 1)}}", flush=True)
    time.sleep(float(given.get("pause", "0")))
    if stopped:
        break
open(f"{{base}}/model/model.txt", "w").write(f"trained for {{epoch + 1}}")
if "failure" in given:
    open(f"{{base}}/output/failure", "w").write(given["failure"])
sys.exit(int(given.get("code", "0")))
'''


@dataclass
class Service:
    """A service that runs: ``environment`` leads clients to it, ``s3`` is the folder of its S3."""

    folder: Path
    words: tuple[str, ...] = ()
    process: subprocess.Popen[str] | None = None
    endpoint: str = ""
    environment: dict[str, str] | None = None

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def s3(self) -> Path:
        return self.folder / "s3"

    @property
    def log(self) -> Path:
        """What it says on standard error."""
        return self.folder / "service.log"

    def start(self) -> None:
        """Start it, or start it again in the same home."""
        with open(self.log, "ab") as log:
            words: tuple[str, ...] = ("--engine", "process", "--grace", "20")
            if "--s3-endpoint" not in self.words:
                words += ("--s3-root", str(self.s3))
            program = ("--image", f"algo={self.folder / 'train.py'}")
            self.process = subprocess.Popen(
                [*_COMMAND, *words, *program, *self.words],
                env={**os.environ, "SM_CONTAINER_HOME": str(self.home)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        assert said, self.log.read_text()
        found = json.loads(said)
        self.endpoint, self.environment = found["Endpoint"], found["Environment"]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, and wait for the end; twice, where jobs run that would be awaited."""
        assert self.process is not None
        self.process.send_signal(number)
        try:
            return self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.send_signal(number)
            return self.process.wait(_SECONDS)

    def client(self, name: str, **config: Any) -> Any:
        """A boto3 client of the service, of a session that knows nothing else."""
        environment = self.environment or {}
        session = boto3.Session(
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            region_name=environment["AWS_REGION"],
        )
        quick = Config(retries={"total_max_attempts": 1}, **config)
        return session.client(name, endpoint_url=self.endpoint, config=quick)

    def request(self, name: str, **members: Any) -> dict[str, Any]:
        """A CreateTrainingJob request that trains ``PROGRAM`` on a channel; members override."""
        channel = {
            "ChannelName": "train",
            "ContentType": "text/csv",
            "DataSource": {
                "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train/"}
            },
        }
        return {
            "TrainingJobName": name,
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "train:rmse", "Regex": "train:rmse=([0-9.]+)"}],
            },
            "RoleArn": ROLE,
            "InputDataConfig": [channel],
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/output"},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            **members,
        }


@contextmanager
def running(folder: Path, *words: str) -> Iterator[Service]:
    """A running service with one program, and a bucket with a file for its channel."""
    made = Service(folder, words)
    program = made.folder / "train.py"
    program.write_text(PROGRAM.format(python=sys.executable))
    program.chmod(0o755)
    (made.s3 / "bucket" / "train").mkdir(parents=True)
    (made.s3 / "bucket" / "train" / "part-1.csv").write_text("1,2\n3,4\n")
    made.start()
    yield made
    assert made.process is not None
    if made.process.poll() is None:
        made.stop()


@pytest.fixture
def service(hostile_tmp_path: Path) -> Iterator[Service]:
    """A service of the test's own."""
    with running(hostile_tmp_path) as made:
        yield made


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service for all tests of a module, which make what they name themselves."""
    folder = tmp_path_factory.mktemp("shared") / HOSTILE_NAME
    folder.mkdir()
    with running(folder) as made:
        yield made


def ended(client: Any, name: str) -> dict[str, Any]:
    """The description of a job once it has ended."""
    while True:
        found: dict[str, Any] = client.describe_training_job(TrainingJobName=name)
        if found["TrainingJobStatus"] in ("Completed", "Failed", "Stopped"):
            return found
        time.sleep(0.1)


def said(call: Callable[..., Any], **members: Any) -> str:
    """What a call is refused with: code and message."""
    with pytest.raises(ClientError) as fault:
        call(**members)
    error = fault.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


def algorithm(name: str, **members: Any) -> dict[str, Any]:
    """A CreateAlgorithm request for ``PROGRAM``; members override, those of TrainingSpecification
    in it."""
    specification = {
        "TrainingImage": IMAGE,
        "SupportedTrainingInstanceTypes": ["ml.m5.large", "ml.m5.xlarge"],
        "SupportsDistributedTraining": False,
        "SupportedHyperParameters": [
            {
                "Name": "epochs",
                "Type": "Integer",
                "Range": {"IntegerParameterRangeSpecification": {"MinValue": "1", "MaxValue": "9"}},
                "IsTunable": True,
                "IsRequired": True,
            },
            {"Name": "pause", "Type": "Continuous", "DefaultValue": "0"},
            {
                "Name": "code",
                "Type": "Categorical",
                "Range": {"CategoricalParameterRangeSpecification": {"Values": ["0", "3"]}},
            },
            {"Name": "failure", "Type": "FreeText"},
        ],
        "MetricDefinitions": [{"Name": "train:rmse", "Regex": "train:rmse=([0-9.]+)"}],
        "SupportedTuningJobObjectiveMetrics": [{"Type": "Minimize", "MetricName": "train:rmse"}],
        "TrainingChannels": [
            {
                "Name": "train",
                "IsRequired": True,
                "SupportedContentTypes": ["text/csv"],
                "SupportedCompressionTypes": ["None"],
                "SupportedInputModes": ["File", "Pipe"],
            },
            {
                "Name": "validation",
                "SupportedContentTypes": ["text/csv"],
                "SupportedInputModes": ["File"],
            },
        ],
    }
    own = {key: value for key, value in members.items() if key in TRAINING_SPECIFICATION}
    rest = {key: value for key, value in members.items() if key not in own}
    return {"AlgorithmName": name, "TrainingSpecification": {**specification, **own}, **rest}
