"""The servers as fixtures, each with the AWS environment that points at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import HOSTILE_NAME
from tests.storage.servers import FaultyServer, faulty, moto, rclone, use_endpoint


@pytest.fixture(scope="session")
def rclone_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("rclone") / HOSTILE_NAME
    (root / "bucket").mkdir(parents=True)
    with rclone(root) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def moto_endpoint() -> Iterator[str]:
    import boto3

    with moto() as endpoint:
        client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            aws_access_key_id="any",
            aws_secret_access_key="any",
            region_name="us-east-1",
        )
        client.create_bucket(Bucket="bucket")
        yield endpoint


@pytest.fixture(params=["rclone", "moto"])
def endpoint(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each of the real servers in turn, with a bucket named ``bucket``."""
    url: str = request.getfixturevalue(f"{request.param}_endpoint")
    use_endpoint(monkeypatch, url)
    return url


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyServer]:
    """The server that fails on order."""
    with faulty() as running:
        use_endpoint(monkeypatch, running.endpoint)
        yield running
