"""One service for a module's tests, each with a bucket of its own."""

from __future__ import annotations

import http.client
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.service.conftest import Service

SIGNED = "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request, SignedHeaders=host"


@dataclass(frozen=True)
class Bucket:
    """A bucket, empty at first: a client of its service, and the folder that it is."""

    service: Service
    s3: Any
    name: str

    @property
    def folder(self) -> Path:
        return self.service.s3 / self.name

    def put(self, *keys: str) -> None:
        """Objects that hold their keys."""
        for key in keys:
            self.s3.put_object(Bucket=self.name, Key=key, Body=key.encode())

    def body(self, key: str, **asked: Any) -> bytes:
        found: bytes = self.s3.get_object(Bucket=self.name, Key=key, **asked)["Body"].read()
        return found

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.service.endpoint.removeprefix("http://"), timeout=30)

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] = {}
    ) -> tuple[int, bytes]:
        """The answer to a request as it is written here: no client changes its path."""
        connection = self.connect()
        connection.request(method, path, body, {"Authorization": SIGNED, **headers})
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found

    def files(self) -> list[str]:
        """Everything in the folder, also what is no object."""
        return sorted(str(each.relative_to(self.folder)) for each in self.folder.rglob("*"))


@pytest.fixture(scope="module")
def s3_client(shared: Service) -> Any:
    return shared.client("s3")  # a third of a second


@pytest.fixture
def bucket(shared: Service, s3_client: Any) -> Bucket:
    name = f"bucket-{uuid.uuid4().hex}"
    s3_client.create_bucket(Bucket=name)
    return Bucket(shared, s3_client, name)
