"""Algorithms that are validated by a training job, through boto3."""

from __future__ import annotations

import copy
import json
import sqlite3
import time
from contextlib import closing
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.service.conftest import ROLE, Service, algorithm, ended, said


@pytest.fixture(scope="module")
def client(shared: Service) -> Any:
    return shared.client("sagemaker")


def validated(service: Service, name: str, **definition: Any) -> dict[str, Any]:
    """A CreateAlgorithm request with a validation; members override the training job's."""
    request = service.request("x")
    training = {
        "TrainingInputMode": "File",
        "HyperParameters": {"epochs": "2"},
        "InputDataConfig": request["InputDataConfig"],
        "OutputDataConfig": request["OutputDataConfig"],
        "ResourceConfig": request["ResourceConfig"],
        "StoppingCondition": request["StoppingCondition"],
        **definition,
    }
    profile = {"ProfileName": "small", "TrainingJobDefinition": training}
    specification = {"ValidationRole": ROLE, "ValidationProfiles": [profile]}
    return algorithm(name, ValidationSpecification=specification)


def settled(client: Any, name: str) -> dict[str, Any]:
    """The description of an algorithm once its validation has ended."""
    while True:
        found: dict[str, Any] = client.describe_algorithm(AlgorithmName=name)
        if found["AlgorithmStatus"] in ("Completed", "Failed"):
            return found
        time.sleep(0.1)


def validation_job(client: Any, name: str) -> str:
    """The name of an algorithm's validation job, once it is there."""
    while True:
        found = client.list_training_jobs(NameContains=f"{name}-validation-")
        if found["TrainingJobSummaries"]:
            job: str = found["TrainingJobSummaries"][0]["TrainingJobName"]
            return job
        time.sleep(0.1)


def test_a_transform_job_is_refused_by_name(shared: Service, client: Any) -> None:
    request = validated(shared, "transformed")
    [profile] = request["ValidationSpecification"]["ValidationProfiles"]
    profile["TransformJobDefinition"] = {
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/t"}}
        },
        "TransformOutput": {"S3OutputPath": "s3://bucket/o"},
        "TransformResources": {"InstanceType": "ml.m4.xlarge", "InstanceCount": 1},
    }
    assert (
        "'validationSpecification.validationProfiles.1.member.transformJobDefinition' is not "
        "supported by this version" in said(client.create_algorithm, **request)
    )


def test_no_path_of_a_validation_means_anything_here(shared: Service, client: Any) -> None:
    request = validated(shared, "local", OutputDataConfig={"S3OutputPath": "/etc"})
    assert (
        "Value '/etc' at 'validationSpecification.validationProfiles.1.member."
        "trainingJobDefinition.outputDataConfig.s3OutputPath' failed to satisfy constraint: Member "
        "must satisfy regular expression pattern:" in said(client.create_algorithm, **request)
    )


def test_a_validation_is_a_training_job_like_any_other(shared: Service, client: Any) -> None:
    request = validated(shared, "valid")
    client.create_algorithm(**copy.deepcopy(request))

    found = settled(client, "valid")

    assert found["AlgorithmStatus"] == "Completed"
    assert found["AlgorithmStatusDetails"]["ValidationStatuses"] == [
        {"Name": "small", "Status": "Completed"}
    ]
    assert found["ValidationSpecification"] == request["ValidationSpecification"]
    job = client.describe_training_job(TrainingJobName=validation_job(client, "valid"))
    assert job["TrainingJobStatus"] == "Completed"
    assert job["AlgorithmSpecification"]["AlgorithmName"] == "valid"
    assert job["RoleArn"] == ROLE
    assert job["HyperParameters"] == {"epochs": "2"}
    assert [each["MetricName"] for each in job["FinalMetricDataList"]] == ["train:rmse"]


def test_a_validation_that_fails(shared: Service, client: Any) -> None:
    hyperparameters = {"epochs": "1", "code": "3", "failure": "no rows"}
    client.create_algorithm(**validated(shared, "failing", HyperParameters=hyperparameters))

    found = settled(client, "failing")

    assert found["AlgorithmStatus"] == "Failed"
    [status] = found["AlgorithmStatusDetails"]["ValidationStatuses"]
    assert status["Status"] == "Failed"
    assert status["FailureReason"].startswith("AlgorithmError: no rows")
    request = shared.request("of-failing")
    request["AlgorithmSpecification"] = {"AlgorithmName": "failing", "TrainingInputMode": "File"}
    assert said(client.create_training_job, **request) == (
        "ValidationException: Algorithm failing cannot be used for training: its status is Failed"
    )
    client.delete_algorithm(AlgorithmName="failing")


def test_a_validation_that_its_own_algorithm_refuses(shared: Service, client: Any) -> None:
    client.create_algorithm(**validated(shared, "refusing", HyperParameters={"epochs": "10"}))
    found = client.describe_algorithm(AlgorithmName="refusing")
    assert found["AlgorithmStatus"] == "Failed"
    assert found["AlgorithmStatusDetails"]["ValidationStatuses"] == [
        {
            "Name": "small",
            "Status": "Failed",
            "FailureReason": ("ClientError: Invalid value: 10 for epochs Supported range: 1 to 9"),
        }
    ]


def test_while_it_is_validated(shared: Service, client: Any) -> None:
    slow = {"epochs": "9", "pause": "60"}
    client.create_algorithm(**validated(shared, "slow", HyperParameters=slow))
    found = client.describe_algorithm(AlgorithmName="slow")
    assert found["AlgorithmStatus"] in ("Pending", "InProgress")
    request = shared.request("of-slow")
    request["AlgorithmSpecification"] = {"AlgorithmName": "slow", "TrainingInputMode": "File"}
    assert "cannot be used for training: its status is" in said(
        client.create_training_job, **request
    )
    with pytest.raises(ClientError) as refused:
        client.delete_algorithm(AlgorithmName="slow")
    assert refused.value.response["Error"]["Code"] == "ConflictException"
    assert "because the algorithm is in status" in refused.value.response["Error"]["Message"]

    client.stop_training_job(TrainingJobName=validation_job(client, "slow"))

    found = settled(client, "slow")
    assert found["AlgorithmStatus"] == "Failed"
    [status] = found["AlgorithmStatusDetails"]["ValidationStatuses"]
    assert "ended with Stopped and not with Completed" in status["FailureReason"]
    client.delete_algorithm(AlgorithmName="slow")


def test_a_validation_whose_job_was_deleted_unseen(shared: Service, client: Any) -> None:
    client.create_algorithm(**validated(shared, "unseen"))
    job = validation_job(client, "unseen")
    ended(client, job)
    client.delete_training_job(TrainingJobName=job)
    assert client.describe_algorithm(AlgorithmName="unseen")["AlgorithmStatus"] == "Completed"


def test_a_validation_whose_folder_is_gone(shared: Service, client: Any) -> None:
    client.create_algorithm(**validated(shared, "gone"))
    job = validation_job(client, "gone")
    ended(client, job)
    (shared.home / "jobs" / job).rename(shared.folder / job)
    found = client.describe_algorithm(AlgorithmName="gone")
    [status] = found["AlgorithmStatusDetails"]["ValidationStatuses"]
    assert status["FailureReason"] == (
        f"ClientError: Training job {job} was deleted before it was known how it had ended"
    )


def test_validations_outlive_the_service(service: Service) -> None:
    """One whose job ends meanwhile, and one whose job has not begun."""
    service.stop()
    service.words = ("--jobs", "1")
    service.start()
    client = service.client("sagemaker")
    slow = {"epochs": "1", "pause": "3"}
    client.create_algorithm(**validated(service, "running", HyperParameters=slow))
    client.create_algorithm(**validated(service, "waiting"))
    job = validation_job(client, "running")
    assert client.describe_algorithm(AlgorithmName="waiting")["AlgorithmStatus"] == "Pending"
    assert service.process is not None
    service.process.kill()
    service.process.wait()
    record = service.home / "jobs" / job / "job.json"
    while json.loads(record.read_text())["status"] == "InProgress":
        time.sleep(0.1)

    service.start()

    client = service.client("sagemaker")
    assert client.describe_algorithm(AlgorithmName="running")["AlgorithmStatus"] == "Completed"
    assert settled(client, "waiting")["AlgorithmStatus"] == "Completed"


def test_a_validation_that_no_service_has_begun(service: Service) -> None:
    """As a service leaves it that is killed between the algorithm and its job."""
    client = service.client("sagemaker")
    client.create_algorithm(**validated(service, "unbegun"))
    job = validation_job(client, "unbegun")
    ended(client, job)
    assert service.process is not None
    service.process.kill()
    service.process.wait()
    (service.home / "jobs" / job).rename(service.folder / job)
    with (
        closing(sqlite3.connect(service.home / "service" / "service.sqlite")) as database,
        database,
    ):
        details = {
            "ValidationStatuses": [{"Name": "small", "Status": "NotStarted"}],
            "SmContainer": {"Job": job, "IsMade": False},
        }
        database.execute(
            "UPDATE algorithms SET status = 'Pending', details = ?", (json.dumps(details),)
        )

    service.start()

    client = service.client("sagemaker")
    assert settled(client, "unbegun")["AlgorithmStatus"] == "Completed"
    assert client.describe_training_job(TrainingJobName=job)["TrainingJobStatus"] == "Completed"


def test_a_service_that_is_ending_takes_no_validation(service: Service) -> None:
    client = service.client("sagemaker")
    slow = {"epochs": "600", "pause": "0.1"}
    client.create_training_job(**service.request("slow", HyperParameters=slow))
    assert service.process is not None
    service.process.terminate()
    while "no more jobs are taken" not in service.log.read_text():
        time.sleep(0.05)
    assert said(client.create_algorithm, **validated(service, "late")) == (
        "ServiceUnavailable: The service takes no more jobs: it is ending"
    )
    assert "late does not exist" in said(client.describe_algorithm, AlgorithmName="late")
    client.create_algorithm(**algorithm("not-validated"))  # no job is needed for it
    client.stop_training_job(TrainingJobName="slow")
    assert service.process.wait(60) == 0
