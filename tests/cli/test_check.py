"""``check``: a request or an algorithm's document without running anything."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.records import request


def test_a_sound_request(desk: Any, invoke: Any) -> None:
    document = request("first", Tags=[{"Key": "team", "Value": "blue"}])
    document["AlgorithmSpecification"]["TrainingImage"] = "image:1"
    (desk.folder / "request.json").write_text(json.dumps(document))

    done = invoke("check", "--request", "request.json")

    assert done.exit_code == 0, done.stderr
    assert "first: the service would take this request" in done.stdout
    assert "Tags" in done.stderr
    as_json = json.loads(invoke("check", "--request", "request.json", "--json").stdout)
    assert as_json["Faults"] == []
    assert any("Tags" in each for each in as_json["NotSimulated"])


def test_every_fault(invoke: Any) -> None:
    words = ("check", "image:1", "--name", "a b", "--instance-type", "none", "--input-mode", "Fast")

    done = invoke(*words)

    assert done.exit_code == 2
    assert "3 validation errors detected" in done.stderr
    as_json = invoke(*words, "--json")
    assert as_json.exit_code == 2
    assert len(json.loads(as_json.stdout)["Faults"]) == 3


def test_a_request_as_yaml(desk: Any, invoke: Any) -> None:
    (desk.folder / "request.yaml").write_text("TrainingJobName: 'a'\nRoleArn: [\n")

    done = invoke("check", "--request", "request.yaml")

    assert done.exit_code == 2
    assert "request.yaml, line 3" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_algorithms_document(desk: Any, invoke: Any) -> None:
    path = desk.folder / "algorithm.json"
    path.write_text(
        json.dumps(
            {
                "AlgorithmName": "mine",
                "TrainingSpecification": {
                    "TrainingImage": "mine:latest",
                    "SupportedTrainingInstanceTypes": ["ml.m5.large"],
                    "TrainingChannels": [],
                },
            }
        )
    )
    assert (
        "mine: this is a sound CreateAlgorithm document"
        in invoke("check", "--algorithm", str(path)).stdout
    )

    path.write_text('{"AlgorithmName": 5}')
    done = invoke("check", "--algorithm", str(path))
    assert done.exit_code == 2
    assert "AlgorithmName" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("words", [[], ["--name", "x"]])
def test_nothing_to_check(invoke: Any, words: list[str]) -> None:
    done = invoke("check", *words)

    assert done.exit_code == 2
    assert "TARGET, --request, --from-job or --algorithm" in done.stderr
