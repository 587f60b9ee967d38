"""The rules between members: each broken by itself, and its sentence."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from sm_container.harness.request.errors import RequestError
from sm_container.harness.request.extensions import PATH_LIMIT
from sm_container.harness.request.model import ServiceModel
from sm_container.harness.request.parse import parse_request

Document = dict[str, Any]

TRAIN = {
    "ChannelName": "train",
    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train/"}},
}


def _channel(name: str = "train", **source: Any) -> Document:
    channel = copy.deepcopy(TRAIN)
    channel["ChannelName"] = name
    channel["DataSource"]["S3DataSource"] |= source  # type: ignore[index]
    return channel


def _faults(model: ServiceModel, document: Document, **members: Any) -> tuple[str, ...]:
    changed = copy.deepcopy(document)
    for member, value in members.items():
        if isinstance(value, dict) and isinstance(changed.get(member), dict):
            changed[member] |= value
            changed[member] = {key: each for key, each in changed[member].items() if each != ...}
        else:
            changed[member] = value
    try:
        parse_request(changed, model=model)
    except RequestError as error:
        return error.faults
    return ()


BROKEN: dict[str, tuple[Document, str]] = {
    "both image and algorithm": (
        {"AlgorithmSpecification": {"AlgorithmName": "alg"}},
        "AlgorithmName and TrainingImage are mutually exclusive",
    ),
    "neither image nor algorithm": (
        {"AlgorithmSpecification": {"TrainingImage": ...}},
        "must have a TrainingImage or an AlgorithmName",
    ),
    "an image that is an option": (
        {"AlgorithmSpecification": {"TrainingImage": "--privileged"}},
        "Invalid training image. Please provide a valid Amazon Elastic Container Registry path of "
        "the Docker image to run. TrainingImage is '--privileged'",
    ),
    "an image with a blank": (
        {"AlgorithmSpecification": {"TrainingImage": "algo --privileged"}},
        "Invalid training image.",
    ),
    "an empty image": ({"AlgorithmSpecification": {"TrainingImage": ""}}, "Invalid training image"),
    "wait without spot": (
        {"StoppingCondition": {"MaxWaitTimeInSeconds": 4000}},
        "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set "
        "to true",
    ),
    "spot without wait": (
        {"EnableManagedSpotTraining": True},
        "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to "
        "MaxRuntimeInSeconds",
    ),
    "a wait shorter than the runtime": (
        {"EnableManagedSpotTraining": True, "StoppingCondition": {"MaxWaitTimeInSeconds": 3599}},
        "greater than or equal to MaxRuntimeInSeconds, 3600",
    ),
    "a wait shorter than the default runtime": (
        {
            "EnableManagedSpotTraining": True,
            "StoppingCondition": {"MaxWaitTimeInSeconds": 3600, "MaxRuntimeInSeconds": ...},
        },
        "greater than or equal to MaxRuntimeInSeconds, 86400",
    ),
    "more than 28 days": (
        {"StoppingCondition": {"MaxRuntimeInSeconds": 28 * 86400 + 1}},
        "Value '2419201' at 'stoppingCondition.maxRuntimeInSeconds' failed to satisfy constraint: "
        "Member must have value less than or equal to 2419200 (28 days)",
    ),
    "no instances": (
        {"ResourceConfig": {"InstanceCount": 0}},
        "Value '0' at 'resourceConfig.instanceCount' failed to satisfy constraint: Member must "
        "have value greater than or equal to 1",
    ),
    "several instances": (
        {"ResourceConfig": {"InstanceCount": 2}},
        "Value '2' at 'resourceConfig.instanceCount' is not supported by this version: use 1",
    ),
    "groups beside a type": (
        {
            "ResourceConfig": {
                "InstanceGroups": [
                    {"InstanceType": "ml.m5.large", "InstanceCount": 1, "InstanceGroupName": "g"}
                ]
            }
        },
        "InstanceType or InstanceCount cannot be specified with InstanceGroups",
    ),
    "preferences beside a type": (
        {"ResourceConfig": {"InstancePreferences": [{"InstanceType": "ml.m5.large"}]}},
        "InstancePreferences is mutually exclusive with InstanceType",
    ),
    "a volume's key on local storage": (
        {"ResourceConfig": {"InstanceType": "ml.g5.xlarge", "VolumeKmsKeyId": "key"}},
        "VolumeKmsKeyId cannot be specified with ml.g5.xlarge",
    ),
    "a channel twice": (
        {"InputDataConfig": [_channel(), _channel()]},
        "Channel names must be unique: 'train' is given 2 times",
    ),
    "a channel where another's manifest is": (
        {"InputDataConfig": [_channel("train"), _channel("train-manifest")]},
        "A channel cannot be named 'train-manifest' beside one named 'train'",
    ),
    "a channel where another's FIFO is": (
        {"InputDataConfig": [_channel("train") | {"InputMode": "Pipe"}, _channel("train_12")]},
        "A channel cannot be named 'train_12' beside one named 'train' in Pipe mode",
    ),
    "Converse": (
        {"InputDataConfig": [_channel(S3DataType="Converse")]},
        "Value 'Converse' at 'inputDataConfig.1.member.dataSource.s3DataSource.s3DataType' is not "
        "supported by this version",
    ),
    "an augmented manifest in File mode": (
        {"InputDataConfig": [_channel(S3DataType="AugmentedManifestFile", AttributeNames=["a"])]},
        "Channel 'train': AugmentedManifestFile can only be used if the channel's input mode is "
        "Pipe",
    ),
    "an augmented manifest without attributes": (
        {"InputDataConfig": [_channel(S3DataType="AugmentedManifestFile")]},
        "an AugmentedManifestFile needs AttributeNames",
    ),
    "a manifest in FastFile": (
        {"InputDataConfig": [_channel(S3DataType="ManifestFile") | {"InputMode": "FastFile"}]},
        "input mode FastFile goes with S3DataType S3Prefix only",
    ),
    "attributes of a prefix": (
        {"InputDataConfig": [_channel(AttributeNames=["a"])]},
        "AttributeNames go with an AugmentedManifestFile only",
    ),
    "Gzip in File mode": (
        {"InputDataConfig": [TRAIN | {"CompressionType": "Gzip"}]},
        "Channel 'train': CompressionType Gzip is used only in Pipe input mode",
    ),
    "RecordIO in File mode": (
        {"InputDataConfig": [TRAIN | {"RecordWrapperType": "RecordIO"}]},
        "Channel 'train': RecordWrapperType RecordIO is used only in Pipe input mode",
    ),
    "Gzip in FastFile mode": (
        {
            "InputDataConfig": [
                TRAIN | {"CompressionType": "Gzip", "InputMode": "FastFile"},
            ]
        },
        "in FastFile mode, leave it unset",
    ),
    "no source": (
        {"InputDataConfig": [{"ChannelName": "train", "DataSource": {}}]},
        "Channel 'train': DataSource must have one source, and has nothing",
    ),
    "a file system": (
        {
            "InputDataConfig": [
                {
                    "ChannelName": "train",
                    "InputMode": "Pipe",
                    "DataSource": {
                        "FileSystemDataSource": {
                            "FileSystemId": "fs-01234567",
                            "FileSystemAccessMode": "ro",
                            "FileSystemType": "EFS",
                            "DirectoryPath": "/d",
                        }
                    },
                }
            ]
        },
        "a FileSystemDataSource needs a VpcConfig",
    ),
    "a key with two slashes": (
        {"InputDataConfig": [_channel(S3Uri="s3://bucket//train")]},
        "Failed to download data. S3 key: s3://bucket//train has an illegal char sub-sequence '//' "
        "in it",
    ),
    "data over https": (
        {"InputDataConfig": [_channel(S3Uri="https://bucket/train")]},
        "is not supported by this version: write s3://bucket/key",
    ),
    "a bucket that is none": (
        {"InputDataConfig": [_channel(S3Uri="s3://../secrets")]},
        "'..' cannot be a bucket's name",
    ),
    "output over https": (
        {"OutputDataConfig": {"S3OutputPath": "https://bucket/o"}},
        "Value 'https://bucket/o' at 'outputDataConfig.s3OutputPath' is not supported",
    ),
    "groups for some channels": (
        {
            "InputDataConfig": [
                _channel("processing", InstanceGroupNames=["g"]),
                _channel("sm_drivers"),
                _channel("code"),
            ]
        },
        "Some channels have assigned instance groups: [processing] while others not: "
        "[sm_drivers, code]",
    ),
    "an entry point in no channel": (
        {"AlgorithmSpecification": {"ContainerEntrypoint": ["/opt/ml/input/data/code/run.sh"]}},
        "ContainerEntrypoint '/opt/ml/input/data/code/run.sh' lies in a channel that is not given",
    ),
    "an entry point in a shard": (
        {
            "AlgorithmSpecification": {
                "ContainerEntrypoint": ["bash", "/opt/ml/input/data/train/run.sh"]
            },
            "InputDataConfig": [_channel(S3DataDistributionType="ShardedByS3Key")],
        },
        "which must then be File and FullyReplicated",
    ),
    "an empty entry point": (
        {"AlgorithmSpecification": {"ContainerEntrypoint": [""]}},
        "ContainerEntrypoint starts with an empty string",
    ),
    "an argument with NUL": (
        {"AlgorithmSpecification": {"ContainerArguments": ["a\0"]}},
        "ContainerArguments has a NUL character",
    ),
    "a variable with NUL": ({"Environment": {"A": "\0"}}, "Environment 'A' has a NUL character"),
    "a pattern that does not compile": (
        {"AlgorithmSpecification": {"MetricDefinitions": [{"Name": "m", "Regex": "a("}]}},
        "Metric definition 'm': Regex 'a(' does not compile",
    ),
    "a pattern without a group": (
        {"AlgorithmSpecification": {"MetricDefinitions": [{"Name": "m", "Regex": "loss=.*"}]}},
        "Metric definition 'm': Regex 'loss=.*' has no group",
    ),
    "a 41st definition": (
        {"AlgorithmSpecification": {"MetricDefinitions": [{"Name": "m", "Regex": "(.)"}] * 41}},
        "at 'algorithmSpecification.metricDefinitions' failed to satisfy constraint: Member must "
        "have length less than or equal to 40",
    ),
    "TensorBoard in a reserved place": (
        {"TensorBoardOutputConfig": {"S3OutputPath": "s3://b/t", "LocalPath": "/opt/ml/model"}},
        '"LocalPath" of "TensorBoardOutputConfig" cannot start with the following reserved path: '
        "[/opt/ml, /tmp, /usr/local/nvidia]",
    ),
    "checkpoints out of the way": (
        {"CheckpointConfig": {"S3Uri": "s3://b/c", "LocalPath": "/opt/../etc"}},
        '"LocalPath" of "CheckpointConfig" must be an absolute path without \'..\', and not '
        "'/opt/../etc'",
    ),
    "checkpoints over the input": (
        {"CheckpointConfig": {"S3Uri": "s3://b/c", "LocalPath": "/opt/ml/input"}},
        '"LocalPath" of "CheckpointConfig" cannot be /opt/ml/input',
    ),
    "checkpoints over the whole tree": (
        {"CheckpointConfig": {"S3Uri": "s3://b/c", "LocalPath": "//opt/./ml/"}},
        '"LocalPath" of "CheckpointConfig" cannot be //opt/./ml/',
    ),
    "checkpoints over the processes": (
        {"CheckpointConfig": {"S3Uri": "s3://b/c", "LocalPath": "/proc/1"}},
        '"LocalPath" of "CheckpointConfig" cannot be /proc/1',
    ),
    "a tag twice": (
        {"Tags": [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]},
        "Tags: the key 'k' is given 2 times",
    ),
    "a serverless job": (
        {
            "AlgorithmSpecification": None,
            "ServerlessJobConfig": {
                "BaseModelArn": "arn:aws:sagemaker:us-east-1:aws:hub-content/h/Model/m",
                "JobType": "FineTuning",
            },
        },
        "'serverlessJobConfig' is not supported by this version: a job here needs a TrainingImage",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_named(model: ServiceModel, request_document: Document, name: str) -> None:
    members, sentence = BROKEN[name]
    found = _faults(model, request_document, **members)
    assert [each for each in found if sentence in each], found


KEPT: dict[str, Document] = {
    "an algorithm": {"AlgorithmSpecification": {"TrainingImage": ..., "AlgorithmName": "alg"}},
    "a program": {"AlgorithmSpecification": {"TrainingImage": "./my programs/train it.py"}},
    "a registry's image": {
        "AlgorithmSpecification": {
            "TrainingImage": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/a/b:1@sha256:" + "0" * 64
        }
    },
    "a local image": {"AlgorithmSpecification": {"TrainingImage": "localhost/base:latest"}},
    "spot": {
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxWaitTimeInSeconds": 3600},
    },
    "28 days": {"StoppingCondition": {"MaxRuntimeInSeconds": 28 * 86400}},
    "a manifest": {"InputDataConfig": [_channel(S3DataType="ManifestFile")]},
    "None in File mode": {
        "InputDataConfig": [TRAIN | {"CompressionType": "None", "RecordWrapperType": "None"}]
    },
    "File over Pipe": {
        "AlgorithmSpecification": {"TrainingInputMode": "Pipe"},
        "InputDataConfig": [TRAIN | {"InputMode": "File"}],
    },
    "Pipe for all": {"AlgorithmSpecification": {"TrainingInputMode": "Pipe"}},
    "FastFile for one": {"InputDataConfig": [TRAIN | {"InputMode": "FastFile"}]},
    "all that Pipe has": {
        "InputDataConfig": [
            TRAIN
            | {
                "InputMode": "Pipe",
                "CompressionType": "Gzip",
                "RecordWrapperType": "RecordIO",
                "ShuffleConfig": {"Seed": 7},
            }
        ]
    },
    "an augmented manifest": {
        "InputDataConfig": [
            _channel(S3DataType="AugmentedManifestFile", AttributeNames=["a"])
            | {"InputMode": "Pipe"}
        ]
    },
    "a number after a channel's name": {
        "InputDataConfig": [_channel("train"), _channel("train_1")]
    },
    "no channels": {"InputDataConfig": None},
    "an entry point in a channel": {
        "AlgorithmSpecification": {"ContainerEntrypoint": ["/opt/ml/input/data/train/run.sh"]}
    },
    "two groups, and what RE2 has not": {
        "AlgorithmSpecification": {
            "MetricDefinitions": [
                {"Name": "two", "Regex": "(a)=(b)"},
                {"Name": "nan", "Regex": "loss=(nan|[0-9.]+)"},
                {"Name": "ahead", "Regex": "loss=(?=x)(.*)"},
                {"Name": "slow", "Regex": "(a+)+b"},
                {"Name": "hard", "Regex": "(x{1001})"},
            ]
        }
    },
    "TensorBoard in its own place": {
        "TensorBoardOutputConfig": {
            "S3OutputPath": "s3://b/t",
            "LocalPath": "/opt/ml/output/tensorboard/",
        }
    },
    "a path as long as can be": {
        "OutputDataConfig": {"S3OutputPath": "/" + "p" * (PATH_LIMIT - 1)}
    },
}


@pytest.mark.parametrize("name", KEPT)
def test_what_keeps_the_rules(model: ServiceModel, request_document: Document, name: str) -> None:
    assert _faults(model, request_document, **KEPT[name]) == ()


def test_re2_is_quiet_about_what_it_does_not_take(
    model: ServiceModel, request_document: Document, capfd: pytest.CaptureFixture[str]
) -> None:
    definitions = [{"Name": "m", "Regex": "(?=x)("}]
    specification = {"MetricDefinitions": definitions}
    assert _faults(model, request_document, AlgorithmSpecification=specification)
    assert capfd.readouterr() == ("", "")
