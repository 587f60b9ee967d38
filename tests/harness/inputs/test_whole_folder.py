"""When a channel can be shown as the folder that it is."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from sm_container.harness.inputs.errors import InputError
from sm_container.harness.inputs.plan import ChannelPlan
from sm_container.harness.inputs.whole_folder import whole_folder
from sm_container.harness.request.training_request import ChannelRequest
from tests.harness.inputs.conftest import Planned, channel, write


def fast(uri: str | Path, **source: str) -> ChannelRequest:
    return replace(channel(uri, **source), input_mode="FastFile")


@pytest.fixture
def folder(s3_root: Path) -> Path:
    write(s3_root / "bucket/p", "a", "b/c", "b/d/e")
    return s3_root / "bucket/p"


def test_a_folder_as_it_stands(planned: Planned, folder: Path) -> None:
    for uri in ("s3://bucket/p/", "s3://bucket/p", folder, f"{folder}/"):
        assert whole_folder(planned(fast(uri))) == folder


def changed(folder: Path, how: str) -> None:
    if how == "a link":
        (folder / "link").symlink_to(folder / "a")
    elif how == "a linked folder":
        (folder / "link").symlink_to(folder / "b")
    elif how == "a FIFO":
        os.mkfifo(folder / "fifo")
    elif how == "not for everybody":
        (folder / "a").chmod(0o600)
    elif how == "a folder not for everybody":
        (folder / "b").chmod(0o700)


@pytest.mark.parametrize(
    "how",
    ["a link", "a linked folder", "a FIFO", "not for everybody", "a folder not for everybody"],
)
def test_what_a_container_would_not_see_so(planned: Planned, folder: Path, how: str) -> None:
    changed(folder, how)
    assert whole_folder(planned(fast("s3://bucket/p/"))) is None


def test_a_part_of_a_folder(planned: Planned, folder: Path) -> None:
    assert whole_folder(planned(fast("s3://bucket/p/"), sample=1)) is None
    assert whole_folder(planned(fast("s3://bucket/p/"), sample=9)) == folder
    hosts = ("algo-1", "algo-2")
    assert whole_folder(planned(fast("s3://bucket/p/"), *hosts)) == folder
    sharded = fast("s3://bucket/p/", distribution="ShardedByS3Key")
    assert whole_folder(planned(sharded, *hosts)) is None
    plan: ChannelPlan = planned(fast("s3://bucket/p/"))
    (folder / "b/new").write_text("")
    assert whole_folder(plan) is None


@pytest.mark.parametrize("uri", ["s3://bucket/p/b/", "s3://bucket/p/b", "s3://bucket/"])
def test_a_complete_folder_name_is_taken(planned: Planned, folder: Path, uri: str) -> None:
    assert planned(fast(uri)).objects


@pytest.mark.parametrize("uri", ["s3://bucket/p/b", "s3://bucket/p/a", "s3://bucket/p/b/"])
def test_a_prefix_that_is_no_folder_is_refused(planned: Planned, folder: Path, uri: str) -> None:
    write(folder, "b-more", "b/x")
    if uri.endswith("/"):
        assert planned(fast(uri))
        return
    with pytest.raises(InputError, match="must be a complete folder name"):
        planned(fast(uri))
