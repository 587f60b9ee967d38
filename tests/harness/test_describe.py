"""Descriptions, as botocore's own parser for DescribeTrainingJob reads them."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import botocore.loaders
import botocore.model
import botocore.parsers
import pytest

from sm_container.harness.describe import as_json, describe
from sm_container.harness.job.attempts import AttemptRecord, Interruption
from sm_container.harness.job.options import RunOptions
from sm_container.harness.job.record import JobRecord, MetricValue, Transition
from sm_container.harness.job.status import JobStatus, Phase
from sm_container.harness.job.traffic import CheckpointTraffic

DOCUMENT: dict[str, Any] = {
    "TrainingJobName": "a-job",
    "RoleArn": "arn:aws:iam::123456789012:role/trainer",
    "AlgorithmSpecification": {
        "TrainingImage": "algo:1",
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "rmse", "Regex": "rmse=(.*)"}],
        "ContainerEntrypoint": ["python"],
        "ContainerArguments": ["train.py"],
    },
    "HyperParameters": {"eta": "0.3"},
    "InputDataConfig": [
        {
            "ChannelName": "train",
            "ContentType": "text/csv",
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "/data/train"}},
        },
        {
            "ChannelName": "test",
            "InputMode": "File",
            "ShuffleConfig": {"Seed": 1},
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3Uri": "s3://bucket/test",
                    "S3DataDistributionType": "ShardedByS3Key",
                }
            },
        },
    ],
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/out", "CompressionType": "NONE"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 90},
    "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
    "CheckpointConfig": {"S3Uri": "s3://bucket/c", "LocalPath": "/opt/ml/checkpoints"},
    "DebugHookConfig": {"S3OutputPath": "s3://bucket/d", "CollectionConfigurations": []},
    "ProfilerConfig": {"S3OutputPath": "s3://bucket/p", "DisableProfiler": False},
    "TensorBoardOutputConfig": {"S3OutputPath": "s3://bucket/t"},
    "ExperimentConfig": {"ExperimentName": "e"},
    "Environment": {"A": "1"},
    "RetryStrategy": {"MaximumRetryAttempts": 2},
    "EnableManagedSpotTraining": True,
    "EnableNetworkIsolation": True,
    "Tags": [{"Key": "owner", "Value": "me"}],
    "SessionChainingConfig": {"EnableSessionTagChaining": False},
    "RemoteDebugConfig": {"EnableRemoteDebug": False},
    "InfraCheckConfig": {"EnableInfraCheck": True},
}
START = 1_700_000_000.25


def _record(**changes: Any) -> JobRecord:
    record = JobRecord(
        name="a-job",
        arn="arn:aws:sagemaker:us-east-1:000000000000:training-job/a-job",
        document=DOCUMENT,
        options=RunOptions(target="algo:1"),
        created=START,
        last_modified=START + 20.125,
        transitions=(
            Transition(Phase.STARTING, START, START + 1),
            Transition(Phase.PREPARING, START + 1, START + 1.5),
            Transition(Phase.DOWNLOADING, START + 1.5, START + 4),
            Transition(Phase.TRAINING, START + 4, START + 20),
            Transition(Phase.COMPLETED, START + 20.125, START + 20.125),
        ),
        status=JobStatus.COMPLETED,
        engine="podman",
        training_started=START + 1,
        training_ended=START + 20,
        model_artifacts="s3://bucket/out/a-job/output/model",
        exit_code=0,
        final_metrics=(MetricValue("rmse", 0.5, START + 10), MetricValue("l", math.nan, START)),
        not_simulated=("VpcConfig: why",),
        notes=("a note",),
    )
    return replace(record, **changes)


@pytest.fixture(scope="module")
def output_shape() -> botocore.model.Shape:
    loaded = botocore.loaders.Loader().load_service_model("sagemaker", "service-2")
    operation = botocore.model.ServiceModel(loaded).operation_model("DescribeTrainingJob")
    shape = operation.output_shape
    assert shape is not None
    return shape


def _parsed(description: dict[str, Any], shape: botocore.model.Shape) -> dict[str, Any]:
    """What a boto3 client gets when the service sends this description."""
    response = {
        "status_code": 200,
        "headers": {"content-type": "application/x-amz-json-1.1"},
        "body": json.dumps(as_json(description), allow_nan=False).encode(),
    }
    parsed: dict[str, Any] = botocore.parsers.create_parser("json").parse(response, shape)
    del parsed["ResponseMetadata"]
    return parsed


def test_botocores_parser_loses_nothing(output_shape: botocore.model.Shape) -> None:
    description = describe(_record(final_metrics=(MetricValue("rmse", 0.5, START + 10),)))
    parsed = _parsed(description, output_shape)
    own = description.pop("SmContainer")
    assert parsed == description
    assert own["NotSimulated"] == ["VpcConfig: why"]


def test_all_of_the_request_that_the_shape_has_is_there(
    output_shape: botocore.model.Shape,
) -> None:
    description = describe(_record())
    assert isinstance(output_shape, botocore.model.StructureShape)
    assert set(DOCUMENT) & set(output_shape.members) <= set(description)
    # What a description has no member for: the service tells tags by ListTags.
    assert set(DOCUMENT) - set(description) == {"Tags", "SessionChainingConfig"}
    assert description["SmContainer"]["Tags"] == DOCUMENT["Tags"]
    assert (
        description["AlgorithmSpecification"].items() >= DOCUMENT["AlgorithmSpecification"].items()
    )
    assert description["OutputDataConfig"] == {
        "KmsKeyId": "",
        "S3OutputPath": "s3://bucket/out",
        "CompressionType": "NONE",
    }


def test_the_members_that_are_always_there(output_shape: botocore.model.Shape) -> None:
    bare = JobRecord("a", "arn", {}, RunOptions("x"), created=START, last_modified=START)
    parsed = _parsed(describe(bare), output_shape)
    assert isinstance(output_shape, botocore.model.StructureShape)
    assert set(output_shape.required_members) <= set(parsed)
    assert parsed["StoppingCondition"] == {"MaxRuntimeInSeconds": 86400}
    assert {"TrainingStartTime", "TrainingEndTime", "FailureReason"}.isdisjoint(parsed)
    assert {"TrainingTimeInSeconds", "BillableTimeInSeconds"}.isdisjoint(parsed)


def test_statuses_transitions_and_times(output_shape: botocore.model.Shape) -> None:
    parsed = _parsed(describe(_record()), output_shape)
    assert (parsed["TrainingJobStatus"], parsed["SecondaryStatus"]) == ("Completed", "Completed")
    assert [each["Status"] for each in parsed["SecondaryStatusTransitions"]] == [
        "Starting",
        "Starting",
        "Downloading",
        "Training",
        "Completed",
    ]
    first = parsed["SecondaryStatusTransitions"][0]
    assert first["StatusMessage"] == "Starting the training job"
    assert (
        first["EndTime"] - first["StartTime"]
        == parsed["TrainingStartTime"] - parsed["CreationTime"]
    )
    assert parsed["CreationTime"] == datetime.fromtimestamp(START, timezone.utc)
    assert (parsed["TrainingTimeInSeconds"], parsed["BillableTimeInSeconds"]) == (19, 6)
    on_demand = describe(_record(document=DOCUMENT | {"EnableManagedSpotTraining": False}))
    assert (on_demand["TrainingTimeInSeconds"], on_demand["BillableTimeInSeconds"]) == (19, 19)
    assert "Saving" not in on_demand["SmContainer"]


def test_the_last_transition_has_no_end_while_it_lasts() -> None:
    running = _record(transitions=(Transition(Phase.STARTING, START),))
    (transition,) = describe(running)["SecondaryStatusTransitions"]
    assert "EndTime" not in transition
    assert describe(running)["SmContainer"]["Phases"] == {}


def test_a_failure_has_its_reason() -> None:
    reason = "AlgorithmError: KeyError: 'train', exit code: 1"
    failed = describe(_record(failure_reason=reason, exit_code=1, fault="no disk"))
    assert failed["FailureReason"] == reason
    assert failed["SmContainer"]["ExitCode"] == 1
    assert failed["SmContainer"]["Fault"] == "no disk"


def test_defaults_that_sdks_read() -> None:
    description = describe(_record())
    train, test = description["InputDataConfig"]
    assert (train["CompressionType"], train["RecordWrapperType"]) == ("None", "None")
    assert train["DataSource"]["S3DataSource"]["S3DataDistributionType"] == "FullyReplicated"
    assert test["DataSource"]["S3DataSource"]["S3DataDistributionType"] == "ShardedByS3Key"
    assert description["AlgorithmSpecification"]["EnableSageMakerMetricsTimeSeries"] is True
    assert description["EnableInterContainerTrafficEncryption"] is False


def test_the_record_is_not_changed() -> None:
    before = json.dumps(DOCUMENT)
    describe(_record())["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] = "other"
    assert json.dumps(DOCUMENT) == before


def test_what_the_shape_has_no_place_for() -> None:
    assert describe(_record())["SmContainer"] == {
        "Engine": "podman",
        "Target": "algo:1",
        "ExitCode": 0,
        "Phases": {"Starting": 1.5, "Downloading": 2.5, "Training": 16.0},
        "Saving": {"Percent": 68.4, "AssumedDiscountPercent": 70.0},
        "NotSimulated": ["VpcConfig: why"],
        "Notes": ["a note"],
        "Tags": [{"Key": "owner", "Value": "me"}],
    }


def test_attempts_and_interruptions() -> None:
    attempts = (
        AttemptRecord(START, START + 5, Phase.INTERRUPTED, 143, Interruption(START + 3, True)),
        AttemptRecord(START + 5, START + 9, Phase.INTERRUPTED, 137, Interruption(START + 9, False)),
        AttemptRecord(START + 9),
    )
    own = as_json(describe(_record(attempts=attempts)))["SmContainer"]
    assert own["Attempts"] == [
        {
            "Attempt": 1,
            "StartTime": "2023-11-14T22:13:20.250+00:00",
            "EndTime": "2023-11-14T22:13:25.250+00:00",
            "Ending": "Interrupted",
            "ExitCode": 143,
        },
        {
            "Attempt": 2,
            "StartTime": "2023-11-14T22:13:25.250+00:00",
            "EndTime": "2023-11-14T22:13:29.250+00:00",
            "Ending": "Interrupted",
            "ExitCode": 137,
        },
        {"Attempt": 3, "StartTime": "2023-11-14T22:13:29.250+00:00"},
    ]
    assert [(each["Attempt"], each["Signal"]) for each in own["Interruptions"]] == [
        (1, "SIGTERM"),
        (2, "SIGKILL"),
    ]
    assert own["Interruptions"][0]["Time"] == "2023-11-14T22:13:23.250+00:00"


def test_what_was_moved_for_checkpoints() -> None:
    kept = CheckpointTraffic("algo-1", 3, 900, 1.23456, 2, 4, 1000, 12.0)
    own = describe(replace(_record(), checkpoints=(kept,)))["SmContainer"]
    assert own["Checkpoints"] == [
        {
            "Host": "algo-1",
            "FilesUploaded": 3,
            "BytesUploaded": 900,
            "SecondsUploading": 1.235,
            "FilesRemoved": 2,
            "FilesRestored": 4,
            "BytesRestored": 1000,
            "SecondsRestoring": 12.0,
        }
    ]


def test_json_has_iso_times_and_no_bare_nan() -> None:
    description = as_json(describe(_record()))
    text = json.dumps(description, allow_nan=False)
    assert description["CreationTime"] == "2023-11-14T22:13:20.250+00:00"
    assert description["FinalMetricDataList"][0]["Value"] == 0.5
    assert description["FinalMetricDataList"][1]["Value"] == "NaN"
    assert json.loads(text)["SecondaryStatusTransitions"][-1]["Status"] == "Completed"
    for value, word in ((math.inf, "Infinity"), (-math.inf, "-Infinity")):
        infinite = _record(final_metrics=(MetricValue("l", value, START),))
        assert as_json(describe(infinite))["FinalMetricDataList"][0]["Value"] == word
