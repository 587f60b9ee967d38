"""The fields of the form as a CreateTrainingJob request, and each member's field.

A field is named by its member's path: ``ResourceConfig.InstanceType``, ``Tags.0.Key``. Source:
CreateTrainingJob.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sm_container.harness.request.training_request import Document
from sm_container.service.console.asked import Fields

TEXT, INTEGER, FLAG, WORDS = "text", "integer", "flag", "words"

MEMBERS: Mapping[str, str] = {
    "TrainingJobName": TEXT,
    "RoleArn": TEXT,
    "AlgorithmSpecification.AlgorithmName": TEXT,
    "AlgorithmSpecification.TrainingImage": TEXT,
    "AlgorithmSpecification.TrainingInputMode": TEXT,
    "ResourceConfig.InstanceType": TEXT,
    "ResourceConfig.InstanceCount": INTEGER,
    "ResourceConfig.VolumeSizeInGB": INTEGER,
    "StoppingCondition.MaxRuntimeInSeconds": INTEGER,
    "StoppingCondition.MaxWaitTimeInSeconds": INTEGER,
    "EnableManagedSpotTraining": FLAG,
    "EnableNetworkIsolation": FLAG,
    "EnableInterContainerTrafficEncryption": FLAG,
    "VpcConfig.Subnets": WORDS,
    "VpcConfig.SecurityGroupIds": WORDS,
    "CheckpointConfig.S3Uri": TEXT,
    "CheckpointConfig.LocalPath": TEXT,
    "OutputDataConfig.S3OutputPath": TEXT,
    "OutputDataConfig.CompressionType": TEXT,
    "OutputDataConfig.KmsKeyId": TEXT,
}
"""What stands once in a request, and how it is written."""

_SOURCE = "DataSource.S3DataSource"
CHANNEL: Mapping[str, tuple[str, str]] = {
    "ChannelName": ("ChannelName", TEXT),
    "S3Uri": (f"{_SOURCE}.S3Uri", TEXT),
    "S3DataType": (f"{_SOURCE}.S3DataType", TEXT),
    "S3DataDistributionType": (f"{_SOURCE}.S3DataDistributionType", TEXT),
    "AttributeNames": (f"{_SOURCE}.AttributeNames", WORDS),
    "ContentType": ("ContentType", TEXT),
    "CompressionType": ("CompressionType", TEXT),
    "RecordWrapperType": ("RecordWrapperType", TEXT),
    "InputMode": ("InputMode", TEXT),
    "ShuffleSeed": ("ShuffleConfig.Seed", INTEGER),
}
"""A channel's fields: each one's member below the channel, and how it is written."""

CHANNELS, HYPERPARAMETERS, TAGS = "InputDataConfig", "HyperParameters", "Tags"
METRICS, ENVIRONMENT = "AlgorithmSpecification.MetricDefinitions", "Environment"
PAIRS: Mapping[str, tuple[str, str]] = {
    HYPERPARAMETERS: ("Name", "Value"),
    METRICS: ("Name", "Regex"),
    ENVIRONMENT: ("Name", "Value"),
    TAGS: ("Key", "Value"),
}
"""Rows of two fields, as many as one likes."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")


@dataclass(frozen=True)
class Filled:
    """A request, and the name of the field (or of the section) where each of its members is
    written; members are named as the service does in its faults."""

    document: Document
    places: Mapping[str, str]


def filled(fields: Fields, *, is_declared: bool) -> Filled:
    """The request that the fields make; what is empty is not in it.

    Where the names of hyperparameters and channels are those that an algorithm declares, a row
    without a value is not in it either.
    """
    document: Document = {}
    places: dict[str, str] = {}
    for name, kind in MEMBERS.items():
        places[_service(name)] = name
        _put(document, name, _value(fields.get(name, ""), kind))
    _put_channels(document, places, fields, is_declared)
    for section in PAIRS:
        places[_service(section)] = section
        _put_pairs(document, fields, section, is_declared)
    return Filled(document, places)


def rows(fields: Fields, section: str) -> list[int]:
    """The numbers of the rows that a section of the form has."""
    pattern = re.compile(re.escape(section) + r"\.([0-9]{1,4})\.[A-Za-z0-9]+")
    return sorted({int(found[1]) for each in fields if (found := pattern.fullmatch(each))})


def _put_channels(
    document: Document, places: dict[str, str], fields: Fields, is_declared: bool
) -> None:
    channels: list[dict[str, Any]] = []
    places[_service(CHANNELS)] = CHANNELS
    for row in rows(fields, CHANNELS):
        given = {each: fields.get(f"{CHANNELS}.{row}.{each}", "").strip() for each in CHANNEL}
        if not given["S3Uri"] and (is_declared or not given["ChannelName"]):
            continue
        channel: dict[str, Any] = {}
        path = f"{_service(CHANNELS)}.{len(channels) + 1}.member"
        for name, (member, kind) in CHANNEL.items():
            places[f"{path}.{_service(member)}"] = f"{CHANNELS}.{row}.{name}"
            _put(channel, member, _value(given[name], kind))
        places[path] = places[f"{path}.dataSource"] = f"{CHANNELS}.{row}.ChannelName"
        channels.append(channel)
    if channels:
        document[CHANNELS] = channels


def _put_pairs(document: Document, fields: Fields, section: str, is_declared: bool) -> None:
    first, second = PAIRS[section]
    found: list[tuple[str, str]] = []
    for row in rows(fields, section):
        name = fields.get(f"{section}.{row}.{first}", "")
        value = fields.get(f"{section}.{row}.{second}", "")
        if (name or value) and not (is_declared and section == HYPERPARAMETERS and not value):
            found.append((name, value))
    if not found:
        return
    if section in (HYPERPARAMETERS, ENVIRONMENT):
        _put(document, section, dict(found))
    else:
        _put(document, section, [{first: name, second: value} for name, value in found])


def _value(text: str, kind: str) -> Any:
    """A field's value; None where it is empty. What should be a number and is none stays text, for
    the check to say so."""
    text = text.strip()
    if not text:
        return None
    if kind == INTEGER:
        return int(text) if _INTEGER.fullmatch(text) else text
    if kind == FLAG:
        return True
    return re.split(r"[\s,]+", text.strip(", ")) if kind == WORDS else text


def _put(document: Document, path: str, value: Any) -> None:
    if value is None:
        return
    *above, last = path.split(".")
    for member in above:
        document = document.setdefault(member, {})
    document[last] = value


def _service(path: str) -> str:
    """A member's path as faults name it: ``resourceConfig.instanceType``."""
    return ".".join(each[:1].lower() + each[1:] for each in path.split("."))
