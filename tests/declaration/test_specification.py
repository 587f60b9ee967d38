from __future__ import annotations

from typing import Any

import pytest

from sm_container.contract.errors import ContractError
from sm_container.declaration.document import create_algorithm_document
from sm_container.declaration.specification import Specification, check
from tests.declaration.algorithms import everything

GOOD: dict[str, Any] = {
    "AlgorithmSpecification": {"AlgorithmName": "everything", "TrainingInputMode": "File"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    "InputDataConfig": [{"ChannelName": "train", "ContentType": "text/csv; header=present"}],
    "HyperParameters": {"required": "5"},
}


@pytest.fixture(scope="module")
def specification() -> Specification:
    return Specification.from_document(
        create_algorithm_document(everything(), instance_types=["ml.m5.large"])
    )


def faults(specification: Specification, **members: Any) -> list[str]:
    return check(specification, {**GOOD, **members})


def test_a_good_request_has_no_fault(specification: Specification) -> None:
    assert faults(specification) == []


def test_instances(specification: Specification) -> None:
    assert faults(specification, ResourceConfig={"InstanceType": "ml.x", "InstanceCount": 2}) == [
        "Invalid instance_type: ml.x. everything supports the following instance types: "
        "['ml.m5.large']",
        "Distributed training is not supported by everything. Please set instance_count=1",
    ]
    groups = [
        {"InstanceGroupName": name, "InstanceType": "ml.m5.large", "InstanceCount": 1}
        for name in "ab"
    ]
    assert faults(specification, ResourceConfig={"InstanceGroups": groups}) == [
        "Distributed training is not supported by everything. Please set instance_count=1"
    ]


def test_channels(specification: Specification) -> None:
    channels = [
        {"ChannelName": "tarin"},
        {"ChannelName": "validation", "InputMode": "Pipe", "CompressionType": "Gzip"},
    ]
    assert faults(specification, InputDataConfig=channels) == [
        "Unknown input channel: tarin is not supported by: everything",
        "Invalid input mode: Pipe. Channel validation only supports: ['File']",
        "Invalid compression type: Gzip. Channel validation only supports: ['None']",
        "Required input channel: train Was not provided.",
    ]
    assert faults(
        specification,
        AlgorithmSpecification={"TrainingInputMode": "FastFile"},
        InputDataConfig=[{"ChannelName": "train", "ContentType": "text/libsvm"}],
    ) == [
        "Invalid input mode: FastFile. Channel train only supports: ['File', 'Pipe']",
        "Invalid content type: text/libsvm. Channel train only supports: "
        "['text/csv; header=present']",
    ]
    assert faults(specification, InputDataConfig=None) == [
        "Required input channel: train Was not provided."
    ]


def test_hyperparameters(specification: Specification) -> None:
    strings = {
        "eta": "2",
        "open_ended": "nan",
        "free_integer": "5.5",
        "objective": "x",
        "rate": "1",
        "layers": "anything at all",
        "_tuning_objective_metric": "rmse",
        "sagemaker_program": "train.py",
    }
    assert faults(specification, HyperParameters=strings) == [
        "Invalid value: 2 for eta Supported range: 0 to 1",
        "Invalid value: nan for open_ended Supported range: 0 to 1.7976931348623157e+308",
        "Invalid value: 5.5 for free_integer is not of type Integer",
        "Invalid value: x for objective Supported range: ['reg:squarederror', 'binary:logistic']",
        "Invalid hyperparameter: rate is not supported by everything",
        "Required hyperparameter: required is not set",
    ]


def test_a_secret_is_not_echoed(specification: Specification) -> None:
    strings = {"required": "AKIAIOSFODNN7EXAMPLE"}
    assert faults(specification, HyperParameters=strings) == [
        "Invalid value: ****** for required is not of type Integer"
    ]


MINIMAL = {
    "AlgorithmName": "minimal",
    "TrainingSpecification": {
        "TrainingImage": "image",
        "SupportedTrainingInstanceTypes": ["ml.m5.large"],
        "TrainingChannels": [
            {"Name": "train", "SupportedContentTypes": [], "SupportedInputModes": ["File"]}
        ],
    },
}


def test_a_minimal_document_refuses_only_what_it_says() -> None:
    specification = Specification.from_document(MINIMAL)
    assert specification.hyperparameters is None
    request = {
        "AlgorithmSpecification": {"TrainingInputMode": "File"},
        "InputDataConfig": [{"ChannelName": "train", "CompressionType": "Gzip"}],
        "HyperParameters": {"anything": "goes"},
    }
    assert check(specification, request) == []


@pytest.mark.parametrize(
    ("hyperparameter", "fault"),
    [
        ({"Name": "x", "Type": "Text"}, "Type must be one of Integer, Continuous"),
        ({"Type": "Integer"}, "Name must be a string"),
        (
            {
                "Name": "x",
                "Type": "Integer",
                "Range": {
                    "IntegerParameterRangeSpecification": {"MinValue": "0.5", "MaxValue": "1"}
                },
            },
            'MinValue must be the text of an Integer value but is "0.5"',
        ),
        (
            {
                "Name": "x",
                "Type": "Categorical",
                "Range": {"CategoricalParameterRangeSpecification": {}},
            },
            "Values must be a list of strings",
        ),
    ],
)
def test_documents_that_cannot_be(hyperparameter: dict[str, Any], fault: str) -> None:
    document = {
        **MINIMAL,
        "TrainingSpecification": {
            **MINIMAL["TrainingSpecification"],  # type: ignore[dict-item]
            "SupportedHyperParameters": [hyperparameter],
        },
    }
    with pytest.raises(ContractError, match=fault):
        Specification.from_document(document)
