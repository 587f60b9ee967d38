"""An author's declaration, registered at the service through the author's own client."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

import sm_container as sm
from sm_container.algorithm import registration
from tests.service.conftest import IMAGE, ROLE, Service, ended, said

EXAMPLE = Path(__file__).parents[3] / "examples" / "xgboost_algo" / "train.py"


@pytest.fixture(scope="module")
def declared() -> sm.Algorithm[Any]:
    """The algorithm of the example."""
    pytest.importorskip("xgboost")
    specification = importlib.util.spec_from_file_location("xgboost_algo_train", EXAMPLE)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module  # dataclasses look their annotations up there
    specification.loader.exec_module(module)
    algorithm: sm.Algorithm[Any] = module.algorithm
    return algorithm


def test_what_was_declared_is_what_is_described(
    shared: Service, declared: sm.Algorithm[Any]
) -> None:
    client = shared.client("sagemaker")
    arn = declared.register(
        client, image=IMAGE, instance_types=["ml.m5.large"], tags={"team": "trees"}
    )

    found = client.describe_algorithm(AlgorithmName=arn)

    assert arn == "arn:aws:sagemaker:us-east-1:000000000000:algorithm/xgboost-algo"
    assert found["AlgorithmName"] == "xgboost-algo"
    specification = found["TrainingSpecification"]
    assert specification["TrainingImage"] == IMAGE
    assert specification["SupportedTrainingInstanceTypes"] == ["ml.m5.large"]
    assert [each["Name"] for each in specification["TrainingChannels"]] == ["train", "validation"]
    [depth] = [
        each for each in specification["SupportedHyperParameters"] if each["Name"] == "max_depth"
    ]
    assert depth == {
        "Name": "max_depth",
        "Type": "Integer",
        "Range": {"IntegerParameterRangeSpecification": {"MinValue": "1", "MaxValue": "20"}},
        "IsTunable": True,
        "IsRequired": False,
        "DefaultValue": "6",
    }
    assert client.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "trees"}]
    request = shared.request("of-declared", HyperParameters={"max_depth": "21"})
    request["AlgorithmSpecification"] = {"AlgorithmName": arn, "TrainingInputMode": "File"}
    assert "Invalid value: 21 for max_depth Supported range: 1 to 20" in said(
        client.create_training_job, **request
    )


def test_replacing(shared: Service) -> None:
    client = shared.client("sagemaker")
    algorithm = sm.Algorithm("replaced", channels=[sm.Channel("train")])
    algorithm.register(client, image=IMAGE, replace=True)  # there is none yet
    sm.Algorithm("replaced-too", channels=[sm.Channel("train")]).register(client, image=IMAGE)
    assert "already exists" in said(lambda: algorithm.register(client, image=IMAGE))

    richer = sm.Algorithm("replaced", channels=[sm.Channel("train")], description="richer")
    richer.register(client, image=IMAGE, replace=True)

    found = client.describe_algorithm(AlgorithmName="replaced")
    assert found["AlgorithmDescription"] == "richer"
    client.describe_algorithm(AlgorithmName="replaced-too")  # its name only contains the other


def test_validating(shared: Service) -> None:
    client = shared.client("sagemaker")
    request = shared.request("x")
    training = {
        "TrainingInputMode": "File",
        "HyperParameters": {"epochs": "1"},
        "InputDataConfig": request["InputDataConfig"],
        "OutputDataConfig": request["OutputDataConfig"],
        "ResourceConfig": request["ResourceConfig"],
        "StoppingCondition": request["StoppingCondition"],
    }
    profile = {"ProfileName": "small", "TrainingJobDefinition": training}
    algorithm = sm.Algorithm("proven", channels=[sm.Channel("train")])

    arn = algorithm.register(
        client,
        image=IMAGE,
        validation={"ValidationRole": ROLE, "ValidationProfiles": [profile]},
    )

    [job] = client.list_training_jobs(NameContains="proven-validation-")["TrainingJobSummaries"]
    ended(client, job["TrainingJobName"])
    assert client.describe_algorithm(AlgorithmName=arn)["AlgorithmStatus"] == "Completed"


def test_what_the_service_would_refuse_is_not_sent() -> None:
    algorithm = sm.Algorithm("no-channels")
    with pytest.raises(sm.DeclarationError, match="1 to 8 channels"):
        algorithm.register(_client(), image=IMAGE)


def test_a_deletion_that_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the service, where an algorithm is Deleting for a while."""
    monkeypatch.setattr(registration, "_LOOK_SECONDS", 0.01)
    client = _client()
    there = {
        "AlgorithmSummaryList": [
            {
                "AlgorithmName": "slow",
                "AlgorithmArn": ARN,
                "CreationTime": 0,
                "AlgorithmStatus": "Deleting",
            }
        ]
    }
    with Stubber(client) as stub:
        stub.add_response("list_algorithms", there, {"NameContains": "slow"})
        stub.add_response("delete_algorithm", {}, {"AlgorithmName": "slow"})
        for _ in range(2):
            stub.add_response("list_algorithms", there, {"NameContains": "slow"})
        stub.add_response("list_algorithms", {"AlgorithmSummaryList": []}, {"NameContains": "slow"})
        stub.add_response("create_algorithm", {"AlgorithmArn": ARN})
        algorithm = sm.Algorithm("slow", channels=[sm.Channel("train")])
        assert algorithm.register(client, image=IMAGE, replace=True) == ARN
        stub.assert_no_pending_responses()


def test_a_deletion_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registration, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(registration, "_GONE_SECONDS", 0.0)
    client = _client()
    summary = {
        "AlgorithmName": "stuck",
        "AlgorithmArn": ARN,
        "CreationTime": 0,
        "AlgorithmStatus": "Deleting",
    }
    with Stubber(client) as stub:
        stub.add_response("list_algorithms", {"AlgorithmSummaryList": [summary]})
        stub.add_response("delete_algorithm", {})
        stub.add_response("list_algorithms", {"AlgorithmSummaryList": [summary]})
        algorithm = sm.Algorithm("stuck", channels=[sm.Channel("train")])
        with pytest.raises(registration.StillThereError, match="register it again"):
            algorithm.register(client, image=IMAGE, replace=True)


ARN = "arn:aws:sagemaker:us-east-1:123456789012:algorithm/slow"


def _client() -> Any:
    return boto3.client(
        "sagemaker",
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )
