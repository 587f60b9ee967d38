"""What the form begins with: the values of a request that one would write most often."""

from __future__ import annotations

import time

from sm_container.harness.request.extensions import LOCAL_ROLE
from sm_container.harness.request.training_request import DEFAULT_MAX_RUNTIME
from sm_container.service.console.training.declared import Declared
from sm_container.service.console.training.request import CHANNELS, HYPERPARAMETERS, PAIRS, rows

_NAME_LIMIT = 63
_CHANNEL = {
    "S3DataType": "S3Prefix",
    "S3DataDistributionType": "FullyReplicated",
    "CompressionType": "None",
    "RecordWrapperType": "None",
}


def beginning(declared: Declared | None) -> dict[str, str]:
    """The fields of a form that nobody has written into."""
    fields = {
        "RoleArn": LOCAL_ROLE,
        "AlgorithmSpecification.TrainingInputMode": "File",
        "ResourceConfig.InstanceType": "ml.m5.xlarge",
        "ResourceConfig.InstanceCount": "1",
        "ResourceConfig.VolumeSizeInGB": "30",
        "StoppingCondition.MaxRuntimeInSeconds": str(DEFAULT_MAX_RUNTIME),
        "OutputDataConfig.CompressionType": "GZIP",
    }
    if declared is None:
        fields[f"{HYPERPARAMETERS}.0.Name"] = fields[f"{HYPERPARAMETERS}.0.Value"] = ""
        return {**fields, **_channel(0, "train")}
    return {**fields, **_of(declared)}


def with_row(fields: dict[str, str], section: str) -> dict[str, str]:
    """The fields and those of one more row of a section."""
    row = max(rows(fields, section), default=-1) + 1
    if section == CHANNELS:
        return {**fields, **_channel(row, "")}
    return {**fields, **{f"{section}.{row}.{each}": "" for each in PAIRS[section]}}


def _of(declared: Declared) -> dict[str, str]:
    specification = declared.specification
    stamp = time.strftime("-%Y-%m-%d-%H-%M-%S")
    modes = [mode for each in specification.channels for mode in each.input_modes]
    fields = {
        "TrainingJobName": declared.name[: _NAME_LIMIT - len(stamp)].rstrip("-") + stamp,
        "AlgorithmSpecification.AlgorithmName": declared.name,
        "ResourceConfig.InstanceType": specification.instance_types[0],
    }
    if modes and "File" not in modes:
        fields["AlgorithmSpecification.TrainingInputMode"] = modes[0]
    for row, each in enumerate(specification.hyperparameters or ()):
        fields[f"{HYPERPARAMETERS}.{row}.Name"] = each.name
        fields[f"{HYPERPARAMETERS}.{row}.Value"] = each.default or ""
    for row, channel in enumerate(specification.channels):
        fields |= _channel(row, channel.name)
        if len(channel.content_types) == 1:
            fields[f"{CHANNELS}.{row}.ContentType"] = channel.content_types[0]
    return fields


def _channel(row: int, name: str) -> dict[str, str]:
    given = {"ChannelName": name, "S3Uri": "", "ContentType": "", "InputMode": "", **_CHANNEL}
    return {f"{CHANNELS}.{row}.{member}": value for member, value in given.items()}
