"""The CreateAlgorithm document against the service's own model, as botocore carries it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.model import Shape
from botocore.validate import ParamValidator

from sm_container.declaration.channels import Channel
from sm_container.declaration.declaration import Declaration
from sm_container.declaration.document import create_algorithm_document
from sm_container.declaration.errors import DeclarationError
from sm_container.declaration.hyperparameters import parse
from sm_container.declaration.metrics import Metric
from sm_container.declaration.specification import Specification, check
from tests.declaration.algorithms import Everything, everything


@pytest.fixture(scope="module")
def shape() -> Shape:
    model = botocore.session.get_session().get_service_model("sagemaker")
    return model.operation_model("CreateAlgorithm").input_shape


def violations(shape: Shape, value: Any, where: str = "") -> Iterator[str]:
    """What botocore itself does not check: maxima, patterns and enums."""
    most = shape.metadata.get("max")
    if most is not None and len(value) > most:
        yield f"{where}: longer than {most}"
    if shape.type_name == "structure":
        for name, member in value.items():
            yield from violations(shape.members[name], member, f"{where}.{name}")
    elif shape.type_name == "list":
        for index, member in enumerate(value):
            yield from violations(shape.member, member, f"{where}[{index}]")
    elif shape.type_name == "string":
        if shape.enum and value not in shape.enum:
            yield f"{where}: {value!r} is not in the enum"
        pattern = shape.metadata.get("pattern", "").replace(
            r"[\p{L}\p{M}\p{Z}\p{S}\p{N}\p{P}]*", r"[^\x00-\x1f\x7f]*"
        )
        if pattern and not re.fullmatch(pattern, value):
            yield f"{where}: {value!r} does not match {pattern}"


def test_the_model_accepts_the_document(shape: Shape) -> None:
    document = create_algorithm_document(everything())
    report = ParamValidator().validate(document, shape)
    assert not report.has_errors(), report.generate_report()
    assert list(violations(shape, document)) == []


def test_the_check_of_the_model_sees_violations(shape: Shape) -> None:
    document = create_algorithm_document(everything())
    document["AlgorithmName"] = "-" * 70
    document["TrainingSpecification"]["SupportedTrainingInstanceTypes"] = ["ml.none"]
    assert [fault.partition(":")[0] for fault in violations(shape, document)] == [
        ".AlgorithmName",
        ".AlgorithmName",
        ".TrainingSpecification.SupportedTrainingInstanceTypes[0]",
    ]


def hyperparameters() -> dict[str, dict[str, Any]]:
    document = create_algorithm_document(everything())
    found = document["TrainingSpecification"]["SupportedHyperParameters"]
    return {entry["Name"]: entry for entry in found}


def test_types_and_ranges() -> None:
    found = hyperparameters()
    assert found["required"] == {
        "Name": "required",
        "Description": "How many | of *them* there are.",
        "Type": "Integer",
        "Range": {"IntegerParameterRangeSpecification": {"MinValue": "1", "MaxValue": "1000"}},
        "IsTunable": False,
        "IsRequired": True,
    }
    assert found["eta"] == {
        "Name": "eta",
        "Type": "Continuous",
        "Range": {"ContinuousParameterRangeSpecification": {"MinValue": "0", "MaxValue": "1"}},
        "IsTunable": True,
        "IsRequired": False,
        "DefaultValue": "0.3",
    }
    ends = found["open_ended"]["Range"]["ContinuousParameterRangeSpecification"]
    assert ends == {"MinValue": "0", "MaxValue": "1.7976931348623157e+308"}
    ends = found["open_integer"]["Range"]["IntegerParameterRangeSpecification"]
    assert ends == {"MinValue": "-9223372036854775807", "MaxValue": "5"}
    assert {name: entry["Type"] for name, entry in found.items() if "Range" not in entry} == {
        "free_integer": "Integer",
        "code": "FreeText",
        "text": "FreeText",
        "quoted": "FreeText",
        "none_text": "FreeText",
        "multiline": "FreeText",
        "layers": "FreeText",
        "weights": "FreeText",
        "pair": "FreeText",
        "lambda": "Continuous",
    }
    choices = {
        name: entry["Range"]["CategoricalParameterRangeSpecification"]["Values"]
        for name, entry in found.items()
        if entry["Type"] == "Categorical"
    }
    assert choices == {
        "objective": ["reg:squarederror", "binary:logistic"],
        "verbose": ["True", "False"],
        "booster": ["gbtree", "gblinear"],
        "literal": ["a", "1"],
    }
    assert found["seed"]["Range"]["IntegerParameterRangeSpecification"]["MaxValue"] == "10"


def test_a_default_is_never_required_and_reads_back_as_itself() -> None:
    found = hyperparameters()
    defaults = {
        name: entry["DefaultValue"] for name, entry in found.items() if "DefaultValue" in entry
    }
    assert not any(found[name]["IsRequired"] for name in defaults)
    # A newline has no place in the service's pattern, None no text of an Integer.
    assert set(found) - set(defaults) == {"required", "multiline", "seed"}
    sent = parse(Everything, {"required": "1", **defaults})
    assert dataclasses.asdict(sent) == dataclasses.asdict(Everything(1))


def test_what_the_sdk_sends_by_default_passes_the_check() -> None:
    document = create_algorithm_document(everything(), instance_types=["ml.m5.large"])
    defaults = {
        name: entry["DefaultValue"]
        for name, entry in hyperparameters().items()
        if "DefaultValue" in entry
    }
    request = {
        "AlgorithmSpecification": {"AlgorithmName": "everything", "TrainingInputMode": "File"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "InputDataConfig": [{"ChannelName": "train"}],
        "HyperParameters": {"required": "5", **defaults},
    }
    assert check(Specification.from_document(document), request) == []


def test_channels_and_metrics() -> None:
    specification = create_algorithm_document(everything())["TrainingSpecification"]
    assert specification["TrainingChannels"] == [
        {
            "Name": "train",
            "IsRequired": True,
            "SupportedContentTypes": ["text/csv; header=present"],
            "SupportedCompressionTypes": ["None", "Gzip"],
            "SupportedInputModes": ["File", "Pipe"],
        },
        {
            "Name": "validation",
            "Description": "Held out.",
            "IsRequired": False,
            "SupportedContentTypes": [],
            "SupportedCompressionTypes": ["None"],
            "SupportedInputModes": ["File"],
        },
    ]
    names = [definition["Name"] for definition in specification["MetricDefinitions"]]
    assert names == ["validation:rmse", "loss | own", "." * 255]
    assert specification["SupportedTuningJobObjectiveMetrics"] == [
        {"Type": "Minimize", "MetricName": "validation:rmse"},
        {"Type": "Maximize", "MetricName": "." * 255},
    ]


def test_image_and_instance_types(shape: Shape) -> None:
    document = create_algorithm_document(
        everything(),
        image="1.dkr.ecr.eu-west-1.amazonaws.com/x:1",
        instance_types=["ml.p3.2xlarge"],
    )
    specification = document["TrainingSpecification"]
    assert specification["TrainingImage"] == "1.dkr.ecr.eu-west-1.amazonaws.com/x:1"
    assert specification["SupportedTrainingInstanceTypes"] == ["ml.p3.2xlarge"]


def test_what_the_service_has_no_room_for() -> None:
    channels = [Channel(f"c{n}") for n in range(9)]
    metrics = [Metric(f"m{n}") for n in range(41)]
    for declaration, fault in (
        (Declaration("a"), "1 to 8 channels an algorithm, not 0"),
        (Declaration("a", channels=channels), "1 to 8 channels an algorithm, not 9"),
        (Declaration("a", channels=channels[:1], metrics=metrics), "0 to 40 metrics"),
        (
            Declaration("a", channels=channels[:1], description="x" * 1025),
            "at most 1024 characters",
        ),
        (Declaration("a", channels=channels[:1], description="\x1b"), "must be printable"),
    ):
        with pytest.raises(DeclarationError, match=fault):
            create_algorithm_document(declaration)
    with pytest.raises(DeclarationError, match="at least 1 instance types"):
        create_algorithm_document(everything(), instance_types=[])
