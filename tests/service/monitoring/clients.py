"""CloudWatch clients that speak one protocol each."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

from tests.service.conftest import Service

PROTOCOLS = ("smithy-rpc-v2-cbor", "json", "query")


def client_of(service: Service, protocol: str) -> Any:
    """A boto3 client whose model knows of one protocol alone, as those of other versions do."""
    environment = service.environment or {}
    session = boto3.Session(
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment["AWS_REGION"],
    )
    loader = session._session.get_component("data_loader")
    load = loader.load_service_model

    def with_protocol(name: str, type_name: str, api_version: str | None = None) -> Any:
        model = load(name, type_name, api_version)
        if type_name != "service-2":
            return model
        return {**model, "metadata": {**model["metadata"], "protocols": [protocol]}}

    loader.load_service_model = with_protocol
    config = Config(retries={"total_max_attempts": 1})
    client = session.client("cloudwatch", endpoint_url=service.endpoint, config=config)
    assert client.meta.service_model.resolved_protocol == protocol
    return client
