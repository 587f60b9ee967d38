"""Training jobs through boto3."""

from __future__ import annotations

import re

import pytest
from botocore.exceptions import ClientError

from tests.service.conftest import Service, ended


def test_a_job_trains_and_its_model_is_in_s3(service: Service) -> None:
    client = service.client("sagemaker")
    arn = client.create_training_job(**service.request("first"))["TrainingJobArn"]

    found = ended(client, "first")

    assert found["TrainingJobArn"] == arn
    assert found["TrainingJobStatus"] == "Completed"
    assert found["ModelArtifacts"]["S3ModelArtifacts"] == (
        "s3://bucket/output/first/output/model.tar.gz"
    )
    assert (service.s3 / "bucket/output/first/output/model.tar.gz").is_file()
    assert "SmContainer" not in found


def test_a_name_is_taken_until_its_job_is_deleted(service: Service) -> None:
    client = service.client("sagemaker")
    client.create_training_job(**service.request("twice"))
    with pytest.raises(client.exceptions.ResourceInUse, match="already exists"):
        client.create_training_job(**service.request("twice"))
    ended(client, "twice")
    client.delete_training_job(TrainingJobName="twice")
    with pytest.raises(ClientError, match="Requested resource not found"):
        client.describe_training_job(TrainingJobName="twice")
    client.create_training_job(**service.request("twice"))


def test_what_a_program_says_of_its_failure_is_one_line_and_moves_no_cursor(
    service: Service,
) -> None:
    client = service.client("sagemaker")
    rude = {"epochs": "1", "code": "1", "failure": "it \x1b[2J failed"}
    client.create_training_job(**service.request("rude", HyperParameters=rude))
    client.create_training_job(**service.request("long", HyperParameters={"epochs": "x"}))
    assert "\x1b" in ended(client, "rude")["FailureReason"]
    assert "\n" in ended(client, "long")["FailureReason"]
    assert service.stop() == 0
    said = service.log.read_text()
    assert "rude Failed: AlgorithmError: it " in said
    assert "\x1b" not in said
    stamp = r"\d\d:\d\d:\d\d (rude|long|no more jobs) "
    assert [line for line in said.splitlines() if not re.match(stamp, line)] == []
