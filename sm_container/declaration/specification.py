"""An algorithm's document, parsed, and a training request checked against it.

Source: CreateAlgorithm and DescribeAlgorithm, TrainingSpecification; CreateTrainingJob. The
faults are worded as the SageMaker Python SDK words the same checks in its AlgorithmEstimator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sm_container.contract.document import Fields
from sm_container.contract.metrics import MetricDefinition
from sm_container.contract.redaction import REDACTED, holds_secret, is_secret
from sm_container.declaration.hyperparameters import is_reserved

_RANGES: Mapping[str, type[int] | type[float]] = {"Integer": int, "Continuous": float}


@dataclass(frozen=True)
class HyperparameterSpecification:
    """One of SupportedHyperParameters; ``values`` are a Categorical's, ``ends`` a range's."""

    name: str
    type: str
    required: bool = False
    tunable: bool = False
    default: str | None = None
    ends: tuple[str, str] | None = None
    values: tuple[str, ...] = ()

    @classmethod
    def from_fields(cls, fields: Fields) -> HyperparameterSpecification:
        type_ = fields.text("Type")
        if type_ not in ("Integer", "Continuous", "Categorical", "FreeText"):
            fields.refuse("Type", "one of Integer, Continuous, Categorical, FreeText", type_)
        bounds = fields.optional_nested("Range")
        ends, values = None, None
        if bounds is not None and type_ in _RANGES:
            ends = _ends(bounds.optional_nested(f"{type_}ParameterRangeSpecification"), type_)
        elif bounds is not None:
            choices = bounds.optional_nested("CategoricalParameterRangeSpecification")
            values = choices.texts("Values") if choices else None
        return cls(
            name=fields.text("Name"),
            type=type_,
            required=fields.flag("IsRequired", False),
            tunable=fields.flag("IsTunable", False),
            default=fields.optional_text("DefaultValue"),
            ends=ends,
            values=values or (),
        )

    def fault(self, value: str) -> str | None:
        """What is wrong with a value, None if nothing is."""
        shown = REDACTED if is_secret(self.name) or holds_secret(value) else value
        if self.type in _RANGES:
            number = _number(value, self.type)
            if number is None:
                return f"Invalid value: {shown} for {self.name} is not of type {self.type}"
            if self.ends and not self._within(number):
                low, high = self.ends
                return f"Invalid value: {shown} for {self.name} Supported range: {low} to {high}"
        if self.values and value not in self.values:
            return f"Invalid value: {shown} for {self.name} Supported range: {list(self.values)}"
        return None

    def _within(self, number: float) -> bool:
        low, high = (_number(end, self.type) for end in self.ends or ())
        return low is None or high is None or low <= number <= high


def _ends(bounds: Fields | None, type_: str) -> tuple[str, str] | None:
    if bounds is None:
        return None
    for name in ("MinValue", "MaxValue"):
        text = bounds.peek(name)
        if not isinstance(text, str) or _number(text, type_) is None:
            bounds.refuse(name, f"the text of an {type_} value", text)
    return bounds.text("MinValue"), bounds.text("MaxValue")


def _number(text: str, type_: str) -> float | None:
    try:
        return _RANGES[type_](text)
    except ValueError:
        return None


@dataclass(frozen=True)
class ChannelSpecification:
    """One of TrainingChannels; ``compression_types`` is None where the document is silent."""

    name: str
    content_types: tuple[str, ...]
    input_modes: tuple[str, ...]
    required: bool = False
    compression_types: tuple[str, ...] | None = None

    @classmethod
    def from_fields(cls, fields: Fields) -> ChannelSpecification:
        return cls(
            name=fields.text("Name"),
            content_types=fields.texts("SupportedContentTypes"),
            input_modes=fields.texts("SupportedInputModes"),
            required=fields.flag("IsRequired", False),
            compression_types=fields.optional_texts("SupportedCompressionTypes"),
        )


@dataclass(frozen=True)
class Specification:
    """What an algorithm supports. ``hyperparameters`` is None where the document lists none."""

    algorithm_name: str
    image: str
    instance_types: tuple[str, ...]
    channels: tuple[ChannelSpecification, ...]
    hyperparameters: tuple[HyperparameterSpecification, ...] | None = None
    distributed: bool = False
    metric_definitions: tuple[MetricDefinition, ...] = ()

    @classmethod
    def from_document(
        cls, document: object, path: Path = Path("algorithm document")
    ) -> Specification:
        """Parse a CreateAlgorithm or DescribeAlgorithm document.

        Raises ContractError, which names ``path`` and the member.
        """
        fields = Fields(document, path)
        name, training = fields.text("AlgorithmName"), fields.nested("TrainingSpecification")
        declared = training.objects("SupportedHyperParameters")
        return cls(
            algorithm_name=name,
            image=training.text("TrainingImage"),
            instance_types=training.texts("SupportedTrainingInstanceTypes"),
            channels=tuple(
                map(ChannelSpecification.from_fields, training.objects("TrainingChannels"))
            ),
            hyperparameters=tuple(map(HyperparameterSpecification.from_fields, declared)) or None,
            distributed=training.flag("SupportsDistributedTraining", False),
            metric_definitions=tuple(
                MetricDefinition(entry.text("Name"), entry.text("Regex"))
                for entry in training.objects("MetricDefinitions")
            ),
        )

    def channel(self, name: str) -> ChannelSpecification | None:
        """The channel of that name; None where the algorithm has none."""
        return next((each for each in self.channels if each.name == name), None)


def check(specification: Specification, request: Mapping[str, Any]) -> list[str]:
    """Every fault of a CreateTrainingJob document for this algorithm, in the SDK's words."""
    return [
        *_resource_faults(specification, request.get("ResourceConfig") or {}),
        *_channel_faults(specification, request),
        *_hyperparameter_faults(specification, request.get("HyperParameters") or {}),
    ]


def _resource_faults(specification: Specification, resources: Mapping[str, Any]) -> Iterator[str]:
    groups = resources.get("InstanceGroups") or [resources]
    supported = specification.instance_types
    for instance_type in dict.fromkeys(group.get("InstanceType") for group in groups):
        if instance_type is not None and instance_type not in supported:
            yield (
                f"Invalid instance_type: {instance_type}. {specification.algorithm_name} supports "
                f"the following instance types: {list(supported)}"
            )
    count = sum(group.get("InstanceCount") or 0 for group in groups)
    if count > 1 and not specification.distributed:
        yield (
            f"Distributed training is not supported by {specification.algorithm_name}. "
            "Please set instance_count=1"
        )


def _channel_faults(specification: Specification, request: Mapping[str, Any]) -> Iterator[str]:
    default_mode = (request.get("AlgorithmSpecification") or {}).get("TrainingInputMode")
    supported = {channel.name: channel for channel in specification.channels}
    given = request.get("InputDataConfig") or []
    for channel in given:
        name = channel.get("ChannelName")
        if name in supported:
            mode = channel.get("InputMode") or default_mode
            yield from _support_faults(supported[name], channel, mode)
        else:
            yield (
                f"Unknown input channel: {name} is not supported by: {specification.algorithm_name}"
            )
    names = {channel.get("ChannelName") for channel in given}
    for channel in specification.channels:
        if channel.required and channel.name not in names:
            yield f"Required input channel: {channel.name} Was not provided."


def _support_faults(
    supported: ChannelSpecification, channel: Mapping[str, Any], mode: str | None
) -> Iterator[str]:
    name = supported.name
    if mode is not None and mode not in supported.input_modes:
        modes = list(supported.input_modes)
        yield f"Invalid input mode: {mode}. Channel {name} only supports: {modes}"
    content_type = channel.get("ContentType")
    if content_type and supported.content_types and content_type not in supported.content_types:
        types = list(supported.content_types)
        yield f"Invalid content type: {content_type}. Channel {name} only supports: {types}"
    compression = channel.get("CompressionType") or "None"
    forms = supported.compression_types
    if forms and compression != "None" and compression not in forms:
        known = list(forms)
        yield f"Invalid compression type: {compression}. Channel {name} only supports: {known}"


def _hyperparameter_faults(specification: Specification, given: Mapping[str, str]) -> Iterator[str]:
    if specification.hyperparameters is None:
        return
    supported = {entry.name: entry for entry in specification.hyperparameters}
    for name, value in given.items():
        if name in supported:
            fault = supported[name].fault(value)
            if fault:
                yield fault
        elif not is_reserved(name):
            yield (
                f"Invalid hyperparameter: {name} is not supported by {specification.algorithm_name}"
            )
    for entry in specification.hyperparameters:
        if entry.required and entry.default is None and entry.name not in given:
            yield f"Required hyperparameter: {entry.name} is not set"
