"""``run --from-job``: a job of the service, here one that was made through boto3, replayed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.service.conftest import Service
from tests.service.test_training_jobs import ended


def replay(service: Service, *words: str) -> subprocess.CompletedProcess[str]:
    """``sm-container run --from-job`` at another desk, whose AWS configuration leads here."""
    environment = {
        **os.environ,
        **(service.environment or {}),
        "SM_CONTAINER_HOME": str(service.folder / "another home"),
    }
    return subprocess.run(
        [sys.executable, "-m", "sm_container", "run", "--json", *words],
        env=environment,
        cwd=service.folder,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("by", ["name", "arn"])
def test_a_job_is_replayed_and_the_real_ones_places_are_left_alone(
    service: Service, by: str
) -> None:
    client = service.client("sagemaker")
    checkpoints = {"S3Uri": "s3://bucket/checkpoints"}
    request = service.request("real", HyperParameters={"epochs": "2"}, CheckpointConfig=checkpoints)
    arn = client.create_training_job(**request)["TrainingJobArn"]
    ended(client, "real")
    before = sorted(service.s3.rglob("*"))

    done = replay(
        service,
        *("--from-job", arn if by == "arn" else "real", "--s3-root", str(service.s3)),
        *("-p", "failure=why", str(service.folder / "train.py")),
    )

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["TrainingJobName"].startswith("real-")
    assert found["HyperParameters"] == {"epochs": "2", "failure": "why"}
    assert found["InputDataConfig"][0]["ContentType"] == "text/csv"
    assert found["RoleArn"] == request["RoleArn"]
    assert Path(found["ModelArtifacts"]["S3ModelArtifacts"]).is_file()
    assert "those at s3://bucket/checkpoints are not read" in done.stderr
    assert sorted(service.s3.rglob("*")) == before


def test_a_job_that_is_not_there_is_named(service: Service) -> None:
    done = replay(service, "--from-job", "nobody")

    assert done.returncode == 2
    assert done.stderr.strip() == (
        "Error: training job nobody of us-east-1: Requested resource not found."
    )


def test_a_service_that_cannot_be_reached_says_what_to_look_at(service: Service) -> None:
    service.stop()

    done = replay(service, "--from-job", "nobody")

    assert done.returncode == 2
    assert "check the credentials and the region" in done.stderr


def test_a_job_and_a_file_exclude_each_other(service: Service) -> None:
    done = replay(service, "--from-job", "nobody", "--request", "request.json")

    assert done.returncode == 2
    assert "exclude each other" in done.stderr
