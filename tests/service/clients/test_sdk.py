"""The SageMaker Python SDK v2, as it is released."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.rivals import sdk_python
from tests.service.clients.conftest import Client
from tests.service.conftest import IMAGE

HERE = Path(__file__).parent
BUCKET = "sagemaker-us-east-1-000000000000"


@pytest.fixture(scope="module")
def algorithm(client: Client) -> None:
    client.service.client("sagemaker").create_algorithm(
        AlgorithmName="reader",
        TrainingSpecification={
            "TrainingImage": IMAGE,
            "SupportedTrainingInstanceTypes": ["ml.m5.large"],
            "SupportsDistributedTraining": False,
            "SupportedHyperParameters": [{"Name": "epochs", "Type": "Integer", "IsRequired": True}],
            "MetricDefinitions": [{"Name": "train:rmse", "Regex": "train:rmse=([0-9.]+)"}],
            "TrainingChannels": [
                {
                    "Name": "training",
                    "IsRequired": True,
                    "SupportedContentTypes": ["text/csv"],
                    "SupportedInputModes": ["File", "Pipe"],
                }
            ],
        },
    )


def result(client: Client, script: str) -> tuple[dict[str, Any], str]:
    """What a script found, and what it said."""
    said = client.run(sdk_python(), HERE / script, "result.json")
    return json.loads((client.folder / "result.json").read_bytes()), said


@pytest.mark.usefixtures("algorithm")
def test_data_algorithm_model_and_attach(client: Client) -> None:
    found, _ = result(client, "sdk_smoke.py")
    assert found["uri"] == f"s3://{BUCKET}/data/data.csv"
    assert found["model"] == ["algo-1.txt"]
    assert found["default"].startswith(f"s3://{BUCKET}/algo-")
    assert found["attached"] == [found["default"], "arn:aws:iam::000000000000:role/trainer"]


@pytest.mark.long
@pytest.mark.timeout(300)
def test_log_curve_every_mode_spot_a_stop_and_a_failure(client: Client) -> None:
    found, said = result(client, "sdk_modes.py")
    assert "algo-1 read 8 bytes of train in File mode" in said
    assert "epoch 2: train:rmse=0.3333" in said
    assert "Training seconds: " in said
    names, values = found["curve"]
    assert set(names) == {"train:rmse"}
    assert all(0.33 < each <= 1 for each in values)  # means of a minute
    done = ["Completed", [0.33]]
    assert {name: found[f"mode-{name}"] for name in ("File", "Pipe", "FastFile")} == {
        "File": done,
        "Pipe": done,
        "FastFile": done,
    }
    assert found["spot"] == done
    assert (client.service.s3 / "bucket/checkpoints/spot/algo-1").read_text() == "a checkpoint"
    assert found["endless"] == "Stopped"
    assert "Error for Training job failing: Failed. Reason: AlgorithmError" in found["failing"]
    sagemaker = client.service.client("sagemaker")
    described = sagemaker.describe_training_job(TrainingJobName="spot")
    assert described["EnableManagedSpotTraining"]
