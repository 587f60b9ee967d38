"""A request as a person copies it: JSON for the aws command, and the call of boto3."""

from __future__ import annotations

import json
from pprint import pformat

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
    for name, value in document.items():
        written = pformat(value, width=_WIDTH, sort_dicts=False).replace("\n", "\n    ")
        lines.append(f"    {name}={written},")
    return "\n".join([*lines, ")", ""])
