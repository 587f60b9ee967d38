"""Training jobs through boto3."""

from __future__ import annotations

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
