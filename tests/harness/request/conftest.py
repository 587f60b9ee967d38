"""A request that is accepted, for each test to spoil in its own way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sm_container.harness.request.model import ServiceModel, load_model

Document = dict[str, Any]


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the service's model in it, so that it is read from botocore once."""
    folder = tmp_path_factory.mktemp("cache")
    load_model(folder)
    return folder


@pytest.fixture(scope="session")
def model(cache: Path) -> ServiceModel:
    return load_model(cache)


@pytest.fixture
def request_document() -> Document:
    """A minimal request with one channel."""
    return {
        "TrainingJobName": "a-job",
        "RoleArn": "arn:aws:iam::123456789012:role/trainer",
        "AlgorithmSpecification": {"TrainingImage": "algo:1", "TrainingInputMode": "File"},
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {
                    "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train/"}
                },
            }
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/output"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        "HyperParameters": {"num_round": "10"},
    }
