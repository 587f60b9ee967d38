"""Algorithm resources through boto3."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.service.conftest import Service, algorithm, said

ARN = "arn:aws:sagemaker:us-east-1:000000000000:algorithm/"


@pytest.fixture(scope="module")
def client(shared: Service) -> Any:
    return shared.client("sagemaker")


def test_it_is_described_as_it_was_made(client: Any) -> None:
    request = algorithm(
        "Described",
        AlgorithmDescription="Größer – 1 + 1",
        Tags=[{"Key": "team", "Value": "a"}],
        InferenceSpecification={"Containers": [{"Image": "any:1"}]},
    )
    arn = client.create_algorithm(**request)["AlgorithmArn"]

    found = client.describe_algorithm(AlgorithmName="Described")

    assert arn == f"{ARN}described"
    assert found["AlgorithmArn"] == arn
    for member in (
        "AlgorithmName",
        "AlgorithmDescription",
        "TrainingSpecification",
        "InferenceSpecification",
    ):
        assert found[member] == request[member]
    assert "Tags" not in found
    assert "ProductId" not in found
    assert found["AlgorithmStatus"] == "Completed"
    assert found["AlgorithmStatusDetails"] == {"ValidationStatuses": [], "ImageScanStatuses": []}
    by_arn = client.describe_algorithm(AlgorithmName=arn)
    assert by_arn["CreationTime"] == found["CreationTime"]
    assert client.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "a"}]


def test_what_is_not_simulated_is_said(shared: Service, client: Any) -> None:
    inference = {"Containers": [{"Image": "any:1"}]}
    client.create_algorithm(**algorithm("told", InferenceSpecification=inference))
    assert (
        "told: not simulated: InferenceSpecification: models are not deployed here"
        in shared.log.read_text()
    )


def test_a_given_digest_is_kept(client: Any) -> None:
    digest = f"sha256:{'0' * 64}"
    client.create_algorithm(**algorithm("digest", TrainingImageDigest=digest))
    found = client.describe_algorithm(AlgorithmName="digest")
    assert found["TrainingSpecification"]["TrainingImageDigest"] == digest


def test_a_name_is_taken_in_any_case_until_it_is_deleted(client: Any) -> None:
    client.create_algorithm(**algorithm("Taken", Tags=[{"Key": "old", "Value": "1"}]))
    for name in ("Taken", "taken"):
        assert said(client.create_algorithm, **algorithm(name)) == (
            "ValidationException: Algorithm names must be unique within an AWS account and region, "
            f"and an algorithm with this name already exists ({ARN}taken)"
        )
    client.delete_algorithm(AlgorithmName="Taken")
    assert said(client.list_tags, ResourceArn=f"{ARN}taken") == (
        f"ValidationException: The resource {ARN}taken does not exist."
    )
    client.create_algorithm(**algorithm("taken"))
    assert client.list_tags(ResourceArn=f"{ARN}taken")["Tags"] == []


@pytest.mark.parametrize("call", ["describe_algorithm", "delete_algorithm"])
def test_one_that_is_not_there(client: Any, call: str) -> None:
    assert said(getattr(client, call), AlgorithmName="nowhere") == (
        f"ValidationException: Algorithm {ARN}nowhere does not exist."
    )


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:sagemaker:us-east-1:111111111111:algorithm/elsewhere",
        "arn:aws:sagemaker:eu-west-1:000000000000:algorithm/elsewhere",
        "arn:aws:sagemaker:us-east-1:000000000000:training-job/elsewhere",
    ],
)
def test_the_arn_of_another(client: Any, arn: str) -> None:
    if not client.list_algorithms(NameContains="elsewhere")["AlgorithmSummaryList"]:
        client.create_algorithm(**algorithm("elsewhere"))
    fault = said(client.describe_algorithm, AlgorithmName=arn)
    assert fault == f"ValidationException: Algorithm {arn} does not exist."


def test_they_are_on_disk(service: Service) -> None:
    client = service.client("sagemaker")
    client.create_algorithm(**algorithm("kept", Tags=[{"Key": "a", "Value": "b"}]))
    before = client.describe_algorithm(AlgorithmName="kept")
    assert service.stop() == 0
    service.start()
    client = service.client("sagemaker")
    after = client.describe_algorithm(AlgorithmName="kept")
    del before["ResponseMetadata"], after["ResponseMetadata"]
    assert after == before
    assert client.list_tags(ResourceArn=after["AlgorithmArn"])["Tags"] == [
        {"Key": "a", "Value": "b"}
    ]


def test_nothing_on_this_machine_runs_for_the_image(client: Any) -> None:
    message = said(client.create_algorithm, **algorithm("absent", TrainingImage="no-such-algo:7"))
    assert message.startswith("ValidationException: Invalid training image.")
    assert "absent does not exist" in said(client.describe_algorithm, AlgorithmName="absent")


@pytest.mark.container
def test_the_digest_of_an_image(client: Any, base_image: str) -> None:
    client.create_algorithm(**algorithm("imaged", TrainingImage=base_image))
    found = client.describe_algorithm(AlgorithmName="imaged")
    digest = found["TrainingSpecification"]["TrainingImageDigest"]
    assert re.fullmatch("sha256:[0-9a-f]{64}", digest)
