"""The files of ``input/config`` whose form is not the request's own."""

from __future__ import annotations

import json
from pathlib import Path

from sm_container.contract.layout import Layout
from sm_container.harness.life.tree import training_job_config, write_tree
from sm_container.harness.request.parse import parse_request

ARN = "arn:aws:sagemaker:us-west-2:123456789012:training-job/job"


def test_training_job_config_repeats_the_request_in_the_agents_words() -> None:
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri": "s3://FastFile/InputMode",
        "S3DataDistributionType": "ShardedByS3Key",
    }
    channel = {
        "ChannelName": "train",
        "InputMode": "FastFile",
        "CompressionType": "None",
        "RecordWrapperType": "RecordIO",
        "DataSource": {"S3DataSource": source},
    }
    own = {
        "TrainingJobName": "job",
        "HyperParameters": {"InputMode": "FastFile"},
        "Environment": {"CompressionType": "Gzip"},
        "Tags": [{"Key": "InputMode", "Value": "Pipe"}],
    }
    document = {
        **own,
        "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "File"},
        "InputDataConfig": [channel],
        "OutputDataConfig": {"S3OutputPath": "s3://b/o", "CompressionType": "NONE"},
    }
    assert training_job_config(document, ARN) == {
        **own,
        "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "FILE"},
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "InputMode": "FAST_FILE",
                "CompressionType": "NONE",
                "RecordWrapperType": "RECORDIO",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3_PREFIX",
                        "S3Uri": "s3://FastFile/InputMode",
                        "S3DataDistributionType": "SHARDED_BY_S3_KEY",
                    }
                },
            }
        ],
        "OutputDataConfig": {
            "KmsKeyId": "",
            "S3OutputPath": "s3://b/o",
            "CompressionType": "NONE",
        },
        "TrainingJobArn": ARN,
    }


def test_the_checkpoint_channel_is_as_the_agent_has_it(hostile_tmp_path: Path) -> None:
    request = parse_request(
        {
            "TrainingJobName": "job",
            "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
            "RoleArn": "arn:aws:iam::123456789012:role/training",
            "OutputDataConfig": {"S3OutputPath": "s3://b/o"},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            "CheckpointConfig": {"S3Uri": "s3://b/state", "LocalPath": "/state"},
        }
    )
    layout = Layout(hostile_tmp_path)
    write_tree(layout, request, "algo-1", ("algo-1",), arn=ARN, network_interface="eth0")
    assert json.loads(layout.init_config.read_bytes())["checkpointChannel"] == {
        "name": "checkpoints",
        "channel": {
            "s3DataSource": {
                "s3DataType": "S3_PREFIX",
                "s3Uri": "s3://b/state",
                "s3DataDistributionType": None,
                "attributeNames": None,
            },
            "fileSystemDataSource": None,
            "compressionType": None,
            "recordWrapper": None,
            "shuffleConfig": None,
            "inputMode": "FILE",
            "sharded": False,
        },
        "outputPath": "/state",
        "allowEmpty": True,
    }
