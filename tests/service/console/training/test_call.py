"""Requests as they are copied: what is run is the same request."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest

from sm_container.service.console.training.call import as_boto3, as_json

HOSTILE = '\'; import os #\n""" \\ \x1b ünï'
REQUESTS: list[dict[str, Any]] = [
    {},
    {"TrainingJobName": "a", "EnableManagedSpotTraining": True},
    {
        "HyperParameters": {HOSTILE: HOSTILE, "long": "x" * 200},
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3Uri": "s3://b/" + "k" * 90}},
            },
            {"ChannelName": "b", "ShuffleConfig": {"Seed": 7}},
        ],
    },
]


@pytest.mark.parametrize("document", REQUESTS)
def test_the_call_is_the_request(document: dict[str, Any]) -> None:
    tree = ast.parse(as_boto3(document, "http://127.0.0.1:1", "us-east-1"))
    *_, last = tree.body
    assert isinstance(last, ast.Expr)
    assert isinstance(last.value, ast.Call)
    given = {each.arg: ast.literal_eval(each.value) for each in last.value.keywords}
    assert given == document


@pytest.mark.parametrize("document", REQUESTS)
def test_the_json_is_the_request(document: dict[str, Any]) -> None:
    assert json.loads(as_json(document)) == document
