"""Channels' data on this machine, in a folder that stands for S3, and on a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sm_container.contract.layout import Layout
from sm_container.harness.inputs.plan import ChannelPlan, plan_channel
from sm_container.harness.request.training_request import ChannelRequest, S3Source
from sm_container.storage.store import Stores
from tests.storage.servers import FaultyServer, faulty, use_endpoint

ROLE = "arn:aws:iam::123456789012:role/a-role"

Planned = Callable[..., ChannelPlan]


def channel(uri: str | Path, name: str = "train", **source: str) -> ChannelRequest:
    data_type = source.pop("data_type", "S3Prefix")
    return ChannelRequest(name, S3Source(data_type, str(uri), **source))


def write(root: Path, *keys: str) -> None:
    for key in keys:
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(key)


def quiet(channel: str, done: int, total: int) -> None:
    """A progress that nobody looks at."""


@pytest.fixture
def s3_root(hostile_tmp_path: Path) -> Path:
    root = hostile_tmp_path / "s3"
    (root / "bucket").mkdir(parents=True)
    return root


@pytest.fixture
def layout(hostile_tmp_path: Path) -> Layout:
    layout = Layout(hostile_tmp_path / "tree")
    layout.create()
    return layout


@pytest.fixture
def planned(s3_root: Path) -> Planned:
    """Plan a channel whose ``s3://`` is ``s3_root``."""

    def plan(request: ChannelRequest, *hosts: str, sample: int | None = None) -> ChannelPlan:
        return plan_channel(
            request,
            Stores(s3_root).open,
            hosts or ("algo-1",),
            region="us-west-2",
            role_arn=ROLE,
            sample=sample,
        )

    return plan


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyServer]:
    """A server with the bucket ``bucket``, and the environment that points at it."""
    with faulty() as running:
        use_endpoint(monkeypatch, running.endpoint)
        yield running
