"""The files of ``input/config`` whose form is not the request's own."""

from __future__ import annotations

from sm_container.harness.life.tree import training_job_config

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
