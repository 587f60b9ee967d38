"""The console as a browser asks for it, and an algorithm to train with its form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.service.conftest import IMAGE, Service

OWN = {"Sec-Fetch-Site": "same-origin"}
"""What a browser says with a form of this console's own."""

ALGORITHM: dict[str, Any] = {
    "AlgorithmName": "forest",
    "AlgorithmDescription": "Trees <b>in</b> numbers",
    "TrainingSpecification": {
        "TrainingImage": IMAGE,
        "SupportedTrainingInstanceTypes": ["ml.m5.large", "ml.m5.xlarge"],
        "SupportsDistributedTraining": False,
        "MetricDefinitions": [{"Name": "train:rmse", "Regex": "train:rmse=([0-9.]+)"}],
        "SupportedTuningJobObjectiveMetrics": [{"Type": "Minimize", "MetricName": "train:rmse"}],
        "SupportedHyperParameters": [
            {
                "Name": "epochs",
                "Description": "Rounds of boosting",
                "Type": "Integer",
                "Range": {
                    "IntegerParameterRangeSpecification": {"MinValue": "1", "MaxValue": "500"}
                },
                "IsRequired": True,
                "IsTunable": True,
            },
            {
                "Name": "pause",
                "Type": "Continuous",
                "Range": {
                    "ContinuousParameterRangeSpecification": {"MinValue": "0", "MaxValue": "10"}
                },
                "DefaultValue": "0.01",
            },
            {
                "Name": "objective",
                "Type": "Categorical",
                "Range": {"CategoricalParameterRangeSpecification": {"Values": ["a", "b"]}},
                "DefaultValue": "b",
            },
            {"Name": "note", "Type": "FreeText"},
        ],
        "TrainingChannels": [
            {
                "Name": "train",
                "Description": "What it learns from",
                "IsRequired": True,
                "SupportedContentTypes": ["text/csv"],
                "SupportedCompressionTypes": ["None"],
                "SupportedInputModes": ["File", "Pipe"],
            },
            {
                "Name": "validation",
                "SupportedContentTypes": ["text/csv", "application/x-parquet"],
                "SupportedInputModes": ["File"],
            },
        ],
    },
}


def put_algorithm(service: Service, document: dict[str, Any]) -> None:
    """Have the account have an algorithm."""
    service.client("sagemaker").create_algorithm(**document)


@pytest.fixture
def browser(service: Service) -> Iterator[httpx.Client]:
    """A client that keeps cookies, and follows where the console leads."""
    with httpx.Client(base_url=service.endpoint, follow_redirects=True, timeout=60) as client:
        yield client


@pytest.fixture
def forest(service: Service) -> dict[str, Any]:
    """The document of an algorithm that the account has."""
    put_algorithm(service, ALGORITHM)
    return ALGORITHM
