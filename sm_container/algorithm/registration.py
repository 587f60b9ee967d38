"""A declaration as an algorithm resource of the service, through the caller's own client."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sm_container.declaration.declaration import Declaration
from sm_container.declaration.document import DEFAULT_INSTANCE_TYPES, create_algorithm_document

_LOOK_SECONDS = 2.0
_GONE_SECONDS = 300.0


class SageMakerClient(Protocol):
    """What is used of ``boto3.client("sagemaker")``."""

    def create_algorithm(self, **members: Any) -> Any: ...

    def delete_algorithm(self, **members: Any) -> Any: ...

    def get_paginator(self, name: str, /) -> Any: ...


class StillThereError(Exception):
    """An algorithm was deleted, and its name is taken after minutes still."""


def register(
    declaration: Declaration,
    client: SageMakerClient,
    *,
    image: str,
    instance_types: Sequence[str] | None,
    validation: Mapping[str, Any] | None,
    tags: Mapping[str, str] | None,
    replace: bool,
) -> str:
    """Make the algorithm resource of a declaration; its ARN. See ``Algorithm.register``."""
    document = create_algorithm_document(
        declaration, image=image, instance_types=instance_types or DEFAULT_INSTANCE_TYPES
    )
    if validation is not None:
        document["ValidationSpecification"] = dict(validation)
    if tags:
        document["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    if replace and _is_there(client, declaration.name):
        client.delete_algorithm(AlgorithmName=declaration.name)
        _await_gone(client, declaration.name)
    arn: str = client.create_algorithm(**document)["AlgorithmArn"]
    return arn


def _is_there(client: SageMakerClient, name: str) -> bool:
    # Listed and not described: how a missing algorithm is answered for is not documented.
    pages = client.get_paginator("list_algorithms").paginate(NameContains=name)
    return any(
        each["AlgorithmName"] == name for page in pages for each in page["AlgorithmSummaryList"]
    )


def _await_gone(client: SageMakerClient, name: str) -> None:
    """The service deletes while nobody waits, and tells nobody when it has: it has to be asked."""
    deadline = time.monotonic() + _GONE_SECONDS
    while _is_there(client, name):
        if time.monotonic() > deadline:
            raise StillThereError(
                f"algorithm {name} was deleted, and is there after {_GONE_SECONDS:.0f} seconds "
                "still: register it again when it is gone"
            )
        time.sleep(_LOOK_SECONDS)
