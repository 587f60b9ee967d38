"""A sync whose instance is lost, or whose end is interrupted: S3 keeps what it has."""

from __future__ import annotations

import os

import pytest

from sm_container.storage.simulated import Link, LinkedStore
from tests.harness.checkpoints.conftest import (
    UPLOADING,
    Bucket,
    until,
)


def test_abandoned_leaves_what_was_uploaded(bucket: Bucket) -> None:
    host = bucket.host()
    with host.sync:
        host.write("step-1/a", "a")
        until(lambda: bucket.kept() == {"step-1/a"})
        with open(host.path / "step-1/b", "wb") as open_file:
            open_file.write(b"b")
            open_file.flush()
            (host.path / "step-1/a").write_text("changed")
            host.sync.abandon()
        host.write("step-1/c")
    assert bucket.kept() == {"step-1/a"}
    assert bucket.has("step-1/a", "a")
    again = bucket.host("algo-2")
    assert again.names() == {"step-1/a"}


def test_abandoned_in_the_middle_of_an_upload(bucket: Bucket) -> None:
    link = Link(bytes_per_second=20e6)
    bucket.stores._buckets["bucket"] = LinkedStore(bucket.store, link)
    host = bucket.host()
    with host.sync:
        host.write("small", "settled first")
        until(lambda: bucket.kept() == {"small"})
        host.write("large", os.urandom(64 << 20))
        until(lambda: f"large{UPLOADING}" in host.names())
        host.sync.abandon()
    assert bucket.kept() == {"small"}
    assert not list((bucket.root / "s3/bucket/ck").glob(".*"))  # nor a part of it


def test_an_interrupt_ends_the_last_upload(bucket: Bucket) -> None:
    bucket.stores._buckets["bucket"] = LinkedStore(bucket.store, Link(bytes_per_second=1e6))
    host = bucket.host()

    def interrupt(what: str, done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt  # as the signal's handler does, in this thread

    host.sync._progress = interrupt
    with pytest.raises(KeyboardInterrupt), host.sync:
        host.write("large", os.urandom(100 << 20))
    assert bucket.kept() == set()
