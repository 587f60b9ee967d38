"""What an algorithm cannot be, through boto3."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service.conftest import Service, algorithm, said


@pytest.fixture(scope="module")
def client(shared: Service) -> Any:
    return shared.client("sagemaker")


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
