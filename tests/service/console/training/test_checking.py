"""Each fault that the form can make, and the field where it is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from sm_container.harness.store.home import Home
from sm_container.harness.store.jobs import JobStore
from sm_container.service.account import Account
from sm_container.service.console.training.beginning import beginning
from sm_container.service.console.training.checking import faults_of, placed
from sm_container.service.console.training.request import filled
from sm_container.service.database import Database
from sm_container.service.queue import Queue
from sm_container.service.settings import Settings

SOUND = {
    **beginning(None),
    "TrainingJobName": "a-job",
    "AlgorithmSpecification.TrainingImage": "algo:1",
    "InputDataConfig.0.S3Uri": "s3://bucket/train/",
    "OutputDataConfig.S3OutputPath": "s3://bucket/output",
}
CHANNEL = "InputDataConfig.0"
SECOND = {
    "InputDataConfig.4.ChannelName": "other",
    "InputDataConfig.4.S3Uri": "s3://bucket/o",
    "InputDataConfig.4.S3DataType": "S3Prefix",
}


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Account:
    home = Home.from_environment({"SM_CONTAINER_HOME": str(tmp_path_factory.mktemp("home"))})
    queue = Queue(JobStore(home), 1, print)
    return Account(home, Settings(Path("/s3")), Database(home.path / "none"), queue, print)


def fields_with_faults(account: Account, fields: dict[str, str]) -> set[str]:
    made = filled(fields, is_declared=False)
    faults = faults_of(account, made.document, None)
    return {each.field for each in placed(faults, made, fields, None)}


def test_what_is_sound_has_no_fault(account: Account) -> None:
    assert fields_with_faults(account, SOUND) == set()
    assert fields_with_faults(account, {**SOUND, **SECOND}) == set()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"TrainingJobName": ""}, "TrainingJobName"),
        ({"TrainingJobName": "x" * 64}, "TrainingJobName"),
        ({"RoleArn": "none"}, "RoleArn"),
        ({"AlgorithmSpecification.TrainingImage": ""}, "AlgorithmSpecification.TrainingImage"),
        ({"AlgorithmSpecification.TrainingImage": "-x"}, "AlgorithmSpecification.TrainingImage"),
        (
            {"AlgorithmSpecification.TrainingInputMode": "x"},
            "AlgorithmSpecification.TrainingInputMode",
        ),
        ({"ResourceConfig.InstanceType": "ml.none"}, "ResourceConfig.InstanceType"),
        ({"ResourceConfig.InstanceCount": "0"}, "ResourceConfig.InstanceCount"),
        ({"ResourceConfig.InstanceCount": "2"}, "ResourceConfig.InstanceCount"),
        ({"ResourceConfig.VolumeSizeInGB": "-1"}, "ResourceConfig.VolumeSizeInGB"),
        ({"ResourceConfig.VolumeSizeInGB": "much"}, "ResourceConfig.VolumeSizeInGB"),
        (
            {"StoppingCondition.MaxRuntimeInSeconds": "9999999"},
            "StoppingCondition.MaxRuntimeInSeconds",
        ),
        ({"EnableManagedSpotTraining": "true"}, "StoppingCondition.MaxWaitTimeInSeconds"),
        (
            {"StoppingCondition.MaxWaitTimeInSeconds": "90000"},
            "StoppingCondition.MaxWaitTimeInSeconds",
        ),
        ({"VpcConfig.Subnets": "subnet-1"}, "VpcConfig.SecurityGroupIds"),
        ({"VpcConfig.Subnets": "!", "VpcConfig.SecurityGroupIds": "sg-1"}, "VpcConfig.Subnets"),
        ({"CheckpointConfig.S3Uri": "none"}, "CheckpointConfig.S3Uri"),
        (
            {"CheckpointConfig.S3Uri": "s3://b/c", "CheckpointConfig.LocalPath": "c"},
            "CheckpointConfig.LocalPath",
        ),
        (
            {"CheckpointConfig.S3Uri": "s3://b/c", "CheckpointConfig.LocalPath": "/opt/ml"},
            "CheckpointConfig.LocalPath",
        ),
        ({"OutputDataConfig.S3OutputPath": "/a/path"}, "OutputDataConfig.S3OutputPath"),
        ({"OutputDataConfig.S3OutputPath": "https://a/path"}, "OutputDataConfig.S3OutputPath"),
        ({"OutputDataConfig.S3OutputPath": "s3://-/x"}, "OutputDataConfig.S3OutputPath"),
        ({"OutputDataConfig.CompressionType": "x"}, "OutputDataConfig.CompressionType"),
        ({f"{CHANNEL}.S3Uri": ""}, f"{CHANNEL}.S3Uri"),
        ({f"{CHANNEL}.S3Uri": "/a/path"}, f"{CHANNEL}.S3Uri"),
        ({f"{CHANNEL}.S3Uri": "s3://a//b"}, f"{CHANNEL}.S3Uri"),
        ({f"{CHANNEL}.S3Uri": "s3://-/b"}, f"{CHANNEL}.S3Uri"),
        ({f"{CHANNEL}.ChannelName": "a b"}, f"{CHANNEL}.ChannelName"),
        ({f"{CHANNEL}.ChannelName": ""}, f"{CHANNEL}.ChannelName"),
        ({f"{CHANNEL}.ChannelName": ".."}, f"{CHANNEL}.ChannelName"),
        ({**SECOND, f"{CHANNEL}.ChannelName": "other"}, f"{CHANNEL}.ChannelName"),
        ({**SECOND, "InputDataConfig.4.S3Uri": "other"}, "InputDataConfig.4.S3Uri"),
        (
            {**SECOND, f"{CHANNEL}.S3Uri": "", f"{CHANNEL}.ChannelName": ""}
            | {"InputDataConfig.4.S3DataType": "x"},
            "InputDataConfig.4.S3DataType",
        ),
        ({f"{CHANNEL}.S3DataType": "Converse"}, f"{CHANNEL}.S3DataType"),
        (
            {f"{CHANNEL}.S3DataType": "AugmentedManifestFile", f"{CHANNEL}.AttributeNames": "a"},
            f"{CHANNEL}.S3DataType",
        ),
        (
            {f"{CHANNEL}.S3DataType": "AugmentedManifestFile", f"{CHANNEL}.InputMode": "Pipe"},
            f"{CHANNEL}.AttributeNames",
        ),
        ({f"{CHANNEL}.AttributeNames": "a"}, f"{CHANNEL}.AttributeNames"),
        ({f"{CHANNEL}.S3DataDistributionType": "x"}, f"{CHANNEL}.S3DataDistributionType"),
        ({f"{CHANNEL}.ContentType": "x" * 257}, f"{CHANNEL}.ContentType"),
        ({f"{CHANNEL}.CompressionType": "Gzip"}, f"{CHANNEL}.CompressionType"),
        ({f"{CHANNEL}.RecordWrapperType": "RecordIO"}, f"{CHANNEL}.RecordWrapperType"),
        ({f"{CHANNEL}.InputMode": "x"}, f"{CHANNEL}.InputMode"),
        (
            {f"{CHANNEL}.InputMode": "FastFile", f"{CHANNEL}.S3DataType": "ManifestFile"},
            f"{CHANNEL}.InputMode",
        ),
        ({f"{CHANNEL}.ShuffleSeed": "x"}, f"{CHANNEL}.ShuffleSeed"),
        ({"HyperParameters.0.Name": "x" * 257}, "HyperParameters"),
        ({"Environment.0.Name": "1x"}, "Environment"),
        ({"Environment.0.Name": "x", "Environment.0.Value": "\0"}, "Environment"),
        ({"Tags.0.Key": "", "Tags.0.Value": "x"}, "Tags"),
        ({"Tags.0.Key": "a", "Tags.1.Key": "a"}, "Tags"),
        (
            {
                "AlgorithmSpecification.MetricDefinitions.0.Name": "a",
                "AlgorithmSpecification.MetricDefinitions.0.Regex": "(",
            },
            "AlgorithmSpecification.MetricDefinitions",
        ),
    ],
)
def test_a_fault_and_its_field(account: Account, changed: dict[str, str], field: str) -> None:
    assert fields_with_faults(account, {**SOUND, **changed}) == {field}
