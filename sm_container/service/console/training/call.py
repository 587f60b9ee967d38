"""A request as a person copies it: JSON for the aws command, and the call of boto3."""

from __future__ import annotations

import json
from typing import Any

from sm_container.harness.request.training_request import Document

_WIDTH = 88


def as_json(document: Document) -> str:
    """For ``aws sagemaker create-training-job --cli-input-json file://FILE``."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def as_boto3(document: Document, endpoint: str, region: str) -> str:
    """A call that trains the same job here; without ``endpoint_url``, in SageMaker."""
    lines = [
        "import boto3",
        "",
        f"client = boto3.client('sagemaker', region_name={region!r}, endpoint_url={endpoint!r})",
        "client.create_training_job(",
    ]
    lines += [f"    {name}={_written(value, 4)}," for name, value in document.items()]
    return "\n".join([*lines, ")", ""])


def _written(value: Any, indent: int) -> str:
    """A value as Python writes it, over several lines where it is long."""
    if len(repr(value)) + indent <= _WIDTH or not isinstance(value, (dict, list)):
        return repr(value)
    room = " " * (indent + 4)
    if isinstance(value, dict):
        parts = [f"{room}{name!r}: {_written(each, indent + 4)}" for name, each in value.items()]
        opening, closing = "{", "}"
    else:
        parts = [f"{room}{_written(each, indent + 4)}" for each in value]
        opening, closing = "[", "]"
    return "\n".join([opening, *(f"{each}," for each in parts), " " * indent + closing])
