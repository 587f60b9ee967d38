"""What the gateway refuses, as clients of each protocol read it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.service.conftest import Service
from tests.service.monitoring.clients import PROTOCOLS, client_of


def test_clients_of_every_protocol_understand_it(service: Service) -> None:
    service.stop()
    service.words = ("--token", "secret")
    service.start()
    assert service.environment is not None
    service.environment["AWS_ACCESS_KEY_ID"] = "another"
    clients: list[tuple[Any, str]] = [
        *((client_of(service, protocol), "list_metrics") for protocol in PROTOCOLS),
        (service.client("logs"), "describe_log_groups"),
        (service.client("s3"), "list_buckets"),
    ]
    for client, operation in clients:
        with pytest.raises(ClientError, match="has to be the service's token") as raised:
            getattr(client, operation)()
        assert raised.value.response["Error"]["Code"] == "UnrecognizedClientException"
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_what_is_not_signed_is_refused_in_json(service: Service) -> None:
    answer = httpx.post(service.endpoint, headers={"x-amz-target": "Logs_20140328.GetLogEvents"})
    assert answer.status_code == 403
    assert answer.json()["__type"] == "MissingAuthenticationTokenException"
