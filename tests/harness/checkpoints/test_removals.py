"""What is removed from the folder is removed from S3, and nothing else."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest

from tests.harness.checkpoints.conftest import (
    Bucket,
    fail,
    gated,
    until,
)


def test_only_what_was_seen_to_go_is_removed(bucket: Bucket) -> None:
    bucket.put("restored and removed")
    bucket.put("restored and kept")
    host = bucket.host()
    bucket.put("of another host")
    bucket.put("uploaded", b"before this host did")
    with host.sync:
        host.write("uploaded", "by this host")
        until(lambda: bucket.has("uploaded", "by this host"))
        (host.path / "uploaded").unlink()
        (host.path / "restored and removed").unlink()
        until(lambda: bucket.kept() == {"restored and kept", "of another host"})
    assert bucket.kept() == {"restored and kept", "of another host"}


def test_a_removal_just_before_the_end_is_carried_over(bucket: Bucket) -> None:
    host = bucket.host(settle_seconds=100.0)
    bucket.put("later")
    with host.sync:
        host.write("gone before it was uploaded").unlink()
    assert bucket.kept() == {"later"}
    host = bucket.host(settle_seconds=100.0)
    with host.sync:
        (host.path / "later").unlink()
    assert bucket.kept() == set()


def test_what_goes_while_it_is_uploaded_at_the_end_is_removed(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nobody looks at the folder any more when the upload has ended."""
    bucket, gate = gated(bucket)
    host = bucket.host()
    finish = host.sync._files.finish

    def let_through(*, with_removals: bool) -> None:
        finish(with_removals=with_removals)
        gate.let_through()

    monkeypatch.setattr(host.sync._files, "finish", let_through)
    with host.sync:
        host.write("pruned")
        gate.entered()
        (host.path / "pruned").unlink()
    assert bucket.kept() == set()
    assert host.names() == set()


def test_a_folder_that_is_deleted_with_its_job_leaves_s3_alone(bucket: Bucket) -> None:
    bucket.put("restored")
    host, other = bucket.host(), bucket.host("algo-2")
    with host.sync, other.sync:
        host.write("uploaded")
        other.write("removed")
        until(lambda: bucket.kept() == {"restored", "uploaded", "removed"})
        shutil.rmtree(host.folder.anchor)
        (other.path / "removed").unlink()
        until(
            lambda: bucket.kept() == {"restored", "uploaded"}
        )  # when theirs would be carried over
    assert bucket.kept() == {"restored", "uploaded"}
    assert "was gone in the end" in host.sync.notes[0]


def test_a_folder_that_the_container_makes_anew_is_watched_again(bucket: Bucket) -> None:
    bucket.put("old")
    host = bucket.host()
    with host.sync:
        shutil.rmtree(host.path)
        host.write("new/one", "1")
        until(lambda: bucket.kept() == {"new/one"})
        host.write("new/two", "2")
        until(lambda: bucket.kept() == {"new/one", "new/two"})


def test_removals_are_left_where_the_job_fails(bucket: Bucket) -> None:
    """Perhaps somebody deletes the job: not all that is missing was removed by its container."""
    bucket.put("restored")
    host = bucket.host(settle_seconds=100.0)
    fail(host, lambda: (host.path / "restored").rename(host.path / "fresh"))
    assert bucket.kept() == {"restored", "fresh"}


def test_a_container_deletes_whole_folders_while_they_are_uploaded(bucket: Bucket) -> None:
    """No marker is left in its way for long."""
    host = bucket.host(settle_seconds=0.01)
    with host.sync:
        for step in range(20):
            for shard in range(5):
                host.write(f"{step}/{shard}")
            until(partial(is_begun, bucket, step))
            until(partial(is_deleted, host.path / str(step - 1)))
    assert bucket.kept() == {f"19/{shard}" for shard in range(5)}


def is_begun(bucket: Bucket, step: int) -> bool:
    return any(name.startswith(f"{step}/") for name in bucket.kept())


def is_deleted(folder: Path) -> bool:
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()
