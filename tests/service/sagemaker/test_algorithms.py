"""Algorithm resources through boto3."""

from __future__ import annotations

import copy
import json
import re
import sqlite3
import time
from contextlib import closing
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.service.conftest import ROLE, Service, algorithm, ended, said

ARN = "arn:aws:sagemaker:us-east-1:000000000000:algorithm/"


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


def test_it_is_described_as_it_was_made(client: Any) -> None:
    request = algorithm(
        "Described",
        AlgorithmDescription="Größer – 1 + 1",
        Tags=[{"Key": "team", "Value": "a"}],
        InferenceSpecification={"Containers": [{"Image": "any:1"}]},
    )
    arn = client.create_algorithm(**request)["AlgorithmArn"]

    found = client.describe_algorithm(AlgorithmName="Described")

    assert arn == f"{ARN}described"
    assert found["AlgorithmArn"] == arn
    for member in (
        "AlgorithmName",
        "AlgorithmDescription",
        "TrainingSpecification",
        "InferenceSpecification",
    ):
        assert found[member] == request[member]
    assert "Tags" not in found
    assert "ProductId" not in found
    assert found["AlgorithmStatus"] == "Completed"
    assert found["AlgorithmStatusDetails"] == {"ValidationStatuses": [], "ImageScanStatuses": []}
    by_arn = client.describe_algorithm(AlgorithmName=arn)
    assert by_arn["CreationTime"] == found["CreationTime"]
    assert client.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "a"}]


def test_what_is_not_simulated_is_said(shared: Service, client: Any) -> None:
    inference = {"Containers": [{"Image": "any:1"}]}
    client.create_algorithm(**algorithm("told", InferenceSpecification=inference))
    assert (
        "told: not simulated: InferenceSpecification: models are not deployed here"
        in shared.log.read_text()
    )


def test_a_given_digest_is_kept(client: Any) -> None:
    digest = f"sha256:{'0' * 64}"
    client.create_algorithm(**algorithm("digest", TrainingImageDigest=digest))
    found = client.describe_algorithm(AlgorithmName="digest")
    assert found["TrainingSpecification"]["TrainingImageDigest"] == digest


def test_a_name_is_taken_in_any_case_until_it_is_deleted(client: Any) -> None:
    client.create_algorithm(**algorithm("Taken", Tags=[{"Key": "old", "Value": "1"}]))
    for name in ("Taken", "taken"):
        assert said(client.create_algorithm, **algorithm(name)) == (
            "ValidationException: Algorithm names must be unique within an AWS account and region, "
            f"and an algorithm with this name already exists ({ARN}taken)"
        )
    client.delete_algorithm(AlgorithmName="Taken")
    assert said(client.list_tags, ResourceArn=f"{ARN}taken") == (
        f"ValidationException: The resource {ARN}taken does not exist."
    )
    client.create_algorithm(**algorithm("taken"))
    assert client.list_tags(ResourceArn=f"{ARN}taken")["Tags"] == []


@pytest.mark.parametrize("call", ["describe_algorithm", "delete_algorithm"])
def test_one_that_is_not_there(client: Any, call: str) -> None:
    assert said(getattr(client, call), AlgorithmName="nowhere") == (
        f"ValidationException: Algorithm {ARN}nowhere does not exist."
    )


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:sagemaker:us-east-1:111111111111:algorithm/elsewhere",
        "arn:aws:sagemaker:eu-west-1:000000000000:algorithm/elsewhere",
        "arn:aws:sagemaker:us-east-1:000000000000:training-job/elsewhere",
    ],
)
def test_the_arn_of_another(client: Any, arn: str) -> None:
    if not client.list_algorithms(NameContains="elsewhere")["AlgorithmSummaryList"]:
        client.create_algorithm(**algorithm("elsewhere"))
    fault = said(client.describe_algorithm, AlgorithmName=arn)
    assert fault == f"ValidationException: Algorithm {arn} does not exist."


INTEGER = {"IntegerParameterRangeSpecification": {"MinValue": "1", "MaxValue": "9"}}


def hyperparameter(**members: Any) -> dict[str, Any]:
    """What makes a request with one hyperparameter more, ``n``."""
    return {"SupportedHyperParameters": [{"Name": "n", "Type": "Integer", **members}]}


def between(kind: str, least: str, most: str) -> dict[str, Any]:
    ends = {"MinValue": least, "MaxValue": most}
    return hyperparameter(Type=kind, Range={f"{kind}ParameterRangeSpecification": ends})


CHANNEL = {"Name": "train", "SupportedContentTypes": [], "SupportedInputModes": ["File"]}
METRIC = {"Name": "loss", "Regex": "loss=([0-9.]+)"}

FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "a hyperparameter twice": (
        {"SupportedHyperParameters": [{"Name": "n", "Type": "FreeText"}] * 2},
        "2 validation errors detected: Hyperparameter names must be unique: 'n' is given 2 times",
    ),
    "a channel twice": (
        {"TrainingChannels": [CHANNEL, CHANNEL]},
        "Channel names must be unique: 'train' is given 2 times",
    ),
    "a metric twice": (
        {"MetricDefinitions": [METRIC, METRIC], "SupportedTuningJobObjectiveMetrics": []},
        "Metric names must be unique: 'loss' is given 2 times",
    ),
    "required with a default": (
        hyperparameter(DefaultValue="5", IsRequired=True, Range=INTEGER),
        "Hyperparameter 'n' has a DefaultValue, and so it cannot be required",
    ),
    "a default of another type": (
        hyperparameter(DefaultValue="many"),
        "DefaultValue: Invalid value: many for n is not of type Integer",
    ),
    "a default out of range": (
        hyperparameter(DefaultValue="10", Range=INTEGER),
        "DefaultValue: Invalid value: 10 for n Supported range: 1 to 9",
    ),
    "a default of no category": (
        hyperparameter(
            Type="Categorical",
            DefaultValue="c",
            Range={"CategoricalParameterRangeSpecification": {"Values": ["a", "b"]}},
        ),
        "DefaultValue: Invalid value: c for n Supported range: ['a', 'b']",
    ),
    "a range of another kind": (
        hyperparameter(Type="Continuous", Range=INTEGER),
        "Hyperparameter 'n' is of type Continuous: its Range must be a "
        "ContinuousParameterRangeSpecification, and is IntegerParameterRangeSpecification",
    ),
    "two ranges": (
        hyperparameter(
            Range={**INTEGER, "CategoricalParameterRangeSpecification": {"Values": ["1"]}}
        ),
        "Hyperparameter 'n' is of type Integer: its Range must be a "
        "IntegerParameterRangeSpecification, and is IntegerParameterRangeSpecification and "
        "CategoricalParameterRangeSpecification",
    ),
    "an empty range": (
        hyperparameter(Range={}),
        "Hyperparameter 'n' is of type Integer: its Range must be a "
        "IntegerParameterRangeSpecification, and is nothing",
    ),
    "a range of free text": (
        hyperparameter(Type="FreeText", Range=INTEGER),
        "Hyperparameter 'n' is of type FreeText, which has no Range",
    ),
    "tunable free text": (
        hyperparameter(Type="FreeText", IsTunable=True),
        "Hyperparameter 'n' is of type FreeText, and so it cannot be tunable",
    ),
    "an end that is no number": (
        between("Integer", "1", "9.5"),
        "Hyperparameter 'n': MaxValue '9.5' is not of type Integer",
    ),
    "ends the wrong way round": (
        between("Continuous", "1e1", "2"),
        "Hyperparameter 'n': MinValue 1e1 must be less than or equal to MaxValue 2",
    ),
    "an end that is not a number": (
        between("Continuous", "nan", "2"),
        "Hyperparameter 'n': MinValue nan must be less than or equal to MaxValue 2",
    ),
    "an objective that is no metric": (
        {"SupportedTuningJobObjectiveMetrics": [{"Type": "Maximize", "MetricName": "acc"}]},
        "SupportedTuningJobObjectiveMetrics: 'acc' is not among the MetricDefinitions",
    ),
    "a metric that finds nothing": (
        {"MetricDefinitions": [{**METRIC, "Regex": "loss=[0-9]+"}]},
        "Metric definition 'loss': Regex 'loss=[0-9]+' ",
    ),
    "no instance type": (
        {"SupportedTrainingInstanceTypes": []},
        "SupportedTrainingInstanceTypes must have at least one instance type",
    ),
    "a product that nothing proves": (
        {"CertifyForMarketplace": True},
        "CertifyForMarketplace needs a ValidationSpecification",
    ),
    "data beside the channels": (
        {"AdditionalS3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/more"}},
        "'trainingSpecification.additionalS3DataSource' is not supported by this version: take it "
        "out, and have the data in a channel",
    ),
    "a tag twice": (
        {"Tags": [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]},
        "Tags: the key 'k' is given 2 times",
    ),
    "an unknown instance type": (
        {"SupportedTrainingInstanceTypes": ["ml.m5.large", "ml.m5.tiny"]},
        "Value '[ml.m5.tiny]' at 'trainingSpecification.supportedTrainingInstanceTypes' failed to "
        "satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set:",
    ),
    "an unknown type": (
        hyperparameter(Type="Float"),
        "Value 'Float' at 'trainingSpecification.supportedHyperParameters.1.member.type' failed to "
        "satisfy constraint: Member must satisfy enum value set: [Integer, Continuous, "
        "Categorical, FreeText]",
    ),
    "too many channels": (
        {"TrainingChannels": [{**CHANNEL, "Name": f"c{number}"} for number in range(9)]},
        "at 'trainingSpecification.trainingChannels' failed to satisfy constraint: Member must "
        "have length less than or equal to 8",
    ),
    "a path for an image": (
        {"TrainingImage": "/bin/sh"},
        "Invalid training image. Please provide a valid Amazon Elastic Container Registry path of "
        "the Docker image to run. TrainingImage is '/bin/sh'",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_is_refused(client: Any, fault: str) -> None:
    members, sentence = FAULTS[fault]
    message = said(client.create_algorithm, **algorithm("faulty", **members))
    assert message.startswith("ValidationException: ")
    assert sentence.removeprefix("2 validation errors detected: ") in message
    assert "faulty does not exist" in said(client.describe_algorithm, AlgorithmName="faulty")


def test_every_fault_is_said_at_once(client: Any) -> None:
    request = algorithm(
        "faulty",
        TrainingChannels=[CHANNEL, CHANNEL],
        **hyperparameter(DefaultValue="x", IsRequired=True),
    )
    assert said(client.create_algorithm, **request) == (
        "ValidationException: 3 validation errors detected: Channel names must be unique: 'train' "
        "is given 2 times; Hyperparameter 'n' has a DefaultValue, and so it cannot be required; "
        "DefaultValue: Invalid value: x for n is not of type Integer"
    )


def test_a_secret_in_a_default_is_not_said(client: Any) -> None:
    request = algorithm("faulty", **hyperparameter(Name="password", DefaultValue="hunter2"))
    message = said(client.create_algorithm, **request)
    assert "password is not of type Integer" in message
    assert "hunter2" not in message


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
        details = json.dumps({"profile": "small", "job": job, "is_made": False})
        database.execute("UPDATE algorithms SET status = 'Pending', details = ?", (details,))

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


def test_they_are_on_disk(service: Service) -> None:
    client = service.client("sagemaker")
    client.create_algorithm(**algorithm("kept", Tags=[{"Key": "a", "Value": "b"}]))
    before = client.describe_algorithm(AlgorithmName="kept")
    assert service.stop() == 0
    service.start()
    client = service.client("sagemaker")
    after = client.describe_algorithm(AlgorithmName="kept")
    del before["ResponseMetadata"], after["ResponseMetadata"]
    assert after == before
    assert client.list_tags(ResourceArn=after["AlgorithmArn"])["Tags"] == [
        {"Key": "a", "Value": "b"}
    ]


def test_nothing_on_this_machine_runs_for_the_image(client: Any) -> None:
    message = said(client.create_algorithm, **algorithm("absent", TrainingImage="no-such-algo:7"))
    assert message.startswith("ValidationException: Invalid training image.")
    assert "absent does not exist" in said(client.describe_algorithm, AlgorithmName="absent")


@pytest.mark.container
def test_the_digest_of_an_image(client: Any, base_image: str) -> None:
    client.create_algorithm(**algorithm("imaged", TrainingImage=base_image))
    found = client.describe_algorithm(AlgorithmName="imaged")
    digest = found["TrainingSpecification"]["TrainingImageDigest"]
    assert re.fullmatch("sha256:[0-9a-f]{64}", digest)
