"""The CreateAlgorithm document of a declaration.

Source: CreateAlgorithm, TrainingSpecification.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sm_container.contract.inputs import Compression
from sm_container.declaration.channels import Channel
from sm_container.declaration.declaration import Declaration
from sm_container.declaration.errors import DeclarationError
from sm_container.declaration.hyperparameters import Hyperparameter
from sm_container.declaration.service_types import service_type
from sm_container.declaration.text import default_text

DEFAULT_INSTANCE_TYPES = ("ml.m5.large", "ml.m5.xlarge", "ml.m5.2xlarge", "ml.m5.4xlarge")

_DESCRIPTION_LIMIT = 1024
_DEFAULT_LIMIT = 2500


def create_algorithm_document(
    declaration: Declaration,
    *,
    image: str | None = None,
    instance_types: Sequence[str] = DEFAULT_INSTANCE_TYPES,
) -> dict[str, Any]:
    """The request for CreateAlgorithm, as boto3's ``create_algorithm(**document)`` takes it.

    ``image`` is the training image's URI in ECR; without it a URI to be filled in stands there.
    Raises DeclarationError for what the service would refuse.
    """
    _within("channels", len(declaration.channels), 1, 8)
    _within("hyperparameters", len(declaration.specifications), 0, 100)
    _within("metrics", len(declaration.metrics), 0, 40)
    _within("instance types", len(instance_types), 1, None)
    placeholder = f"ACCOUNT.dkr.ecr.REGION.amazonaws.com/{declaration.name}:latest"
    specification: dict[str, Any] = {
        "TrainingImage": image or placeholder,
        "SupportedHyperParameters": [
            _hyperparameter(hyperparameter) for hyperparameter in declaration.specifications
        ],
        "SupportedTrainingInstanceTypes": list(instance_types),
        "SupportsDistributedTraining": declaration.supports_distributed_training,
        "MetricDefinitions": [
            definition.to_document() for definition in declaration.metric_definitions
        ],
        "TrainingChannels": [_channel(channel) for channel in declaration.channels],
        "SupportedTuningJobObjectiveMetrics": [
            {"Type": metric.goal, "MetricName": metric.name}
            for metric in declaration.metrics
            if metric.goal is not None
        ],
    }
    return {
        "AlgorithmName": declaration.name,
        **_described("AlgorithmDescription", declaration.description),
        "TrainingSpecification": specification,
    }


def _within(what: str, count: int, least: int, most: int | None) -> None:
    if count < least or (most is not None and count > most):
        bounds = f"at least {least}" if most is None else f"{least} to {most}"
        raise DeclarationError(f"the service takes {bounds} {what} an algorithm, not {count}")


def _hyperparameter(hyperparameter: Hyperparameter) -> dict[str, Any]:
    kind = service_type(hyperparameter.kind)
    document: dict[str, Any] = {
        "Name": hyperparameter.name,
        **_described("Description", hyperparameter.description),
        "Type": kind.name,
    }
    bounds = kind.range_document()
    if bounds is not None:
        document["Range"] = bounds
    document["IsTunable"] = hyperparameter.tunable is not None
    document["IsRequired"] = hyperparameter.required
    default = _default(hyperparameter)
    if default is not None:
        document["DefaultValue"] = default
    return document


def _default(hyperparameter: Hyperparameter) -> str | None:
    """The default's text, None where there is none or the service's form cannot hold it."""
    if hyperparameter.required or hyperparameter.default is None:
        return None
    text = default_text(hyperparameter.default)
    return text if len(text) <= _DEFAULT_LIMIT and "\n" not in text else None


def _channel(channel: Channel) -> dict[str, Any]:
    return {
        "Name": channel.name,
        **_described("Description", channel.description),
        "IsRequired": channel.required,
        "SupportedContentTypes": list(channel.content_types),
        "SupportedCompressionTypes": [
            str(form) for form in dict.fromkeys((Compression.NONE.value, *channel.compression))
        ],
        "SupportedInputModes": [str(mode) for mode in channel.modes],
    }


def _described(member: str, text: str) -> dict[str, str]:
    """The description on one line, as the service's pattern wants it; nothing for none."""
    line = " ".join(text.split())
    if len(line) > _DESCRIPTION_LIMIT or not line.isprintable():
        raise DeclarationError(
            f"the description {line[:40]!r}... must be printable and have at most "
            f"{_DESCRIPTION_LIMIT} characters"
        )
    return {member: line} if line else {}
