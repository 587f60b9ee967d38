"""Nothing in a request is ignored in silence: each member is done, listed or refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sm_container.harness.request.errors import RequestError
from sm_container.harness.request.model import ROOT, ServiceModel, Shape
from sm_container.harness.request.parse import parse_request
from sm_container.harness.request.standing import (
    DONE,
    NOT_SIMULATED,
    REFUSED,
    stand,
)

Document = dict[str, Any]


def test_every_member_of_the_model_has_a_standing(model: ServiceModel) -> None:
    paths = list(model.paths())
    holders = {path.rsplit(".", 1)[0].removesuffix("[]") for path in paths if "." in path}
    tables = (*DONE, *NOT_SIMULATED, *REFUSED)
    covered = tuple(f"{entry}{below}" for entry in tables for below in (".", "[]"))
    nowhere = {path for path in paths if not path.startswith(covered)} - {*holders, *tables}
    assert nowhere == set()


def test_every_entry_of_the_tables_is_a_member_of_the_model(model: ServiceModel) -> None:
    assert {*DONE, *NOT_SIMULATED, *REFUSED} - set(model.paths()) == set()


def test_a_member_stands_in_one_place_only() -> None:
    assert not DONE & NOT_SIMULATED.keys()
    assert not DONE & REFUSED.keys()
    assert not NOT_SIMULATED.keys() & REFUSED.keys()


def test_what_has_no_effect_is_listed_with_its_reason(
    model: ServiceModel, request_document: Document
) -> None:
    request_document["ResourceConfig"]["VolumeSizeInGB"] = 30
    request_document["OutputDataConfig"]["KmsKeyId"] = "alias/key"
    request_document["VpcConfig"] = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
    listed = parse_request(request_document, model=model).not_simulated
    assert [each.partition(": ")[0] for each in listed] == [
        "RoleArn",
        "OutputDataConfig.KmsKeyId",
        "ResourceConfig.VolumeSizeInGB",
        "VpcConfig",
    ]
    assert all(each.partition(": ")[2] for each in listed)


def test_what_says_nothing_is_not_listed(model: ServiceModel, request_document: Document) -> None:
    request_document["RoleArn"] = "arn:aws:iam::000000000000:role/sm-container"
    request_document["OutputDataConfig"]["KmsKeyId"] = ""
    request_document |= {
        "EnableInterContainerTrafficEncryption": False,
        "EnableManagedSpotTraining": False,
        "Tags": [],
        "DebugRuleConfigurations": [],
        "InfraCheckConfig": {},
    }
    request_document["ResourceConfig"]["InstanceGroups"] = []
    assert parse_request(request_document, model=model).not_simulated == ()


def test_a_member_that_only_a_newer_botocore_knows_is_refused(
    model: ServiceModel, request_document: Document
) -> None:
    root = model[ROOT]
    newer = ServiceModel(
        {
            **model.shapes,
            ROOT: replace(root, members={**root.members, "QuantumConfig": "QuantumConfig"}),
            "QuantumConfig": Shape("QuantumConfig", "structure", members={"Qubits": "Seed"}),
        }
    )
    request_document["QuantumConfig"] = {"Qubits": 3}
    with pytest.raises(RequestError) as caught:
        parse_request(request_document, model=newer)
    assert caught.value.faults == (
        "'quantumConfig.qubits' is not supported by this version: take it out",
    )


def test_an_element_is_named_by_its_place() -> None:
    standing = stand({"InputDataConfig": [{}, {"DataSource": {"DatasetSource": {"A": 1}}}]})
    assert standing.faults == (
        "'inputDataConfig.2.member.dataSource.datasetSource' is not supported by this version: "
        "name the data in S3DataSource",
    )
