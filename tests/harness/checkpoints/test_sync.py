"""A folder and its S3Uri held together: real files, real inotify, real stores."""

from __future__ import annotations

import os

import pytest

from tests.harness.checkpoints.conftest import (
    UPLOADED,
    UPLOADING,
    Bucket,
    descriptors,
    gated,
    until,
)


def test_what_settles_is_uploaded_and_the_rest_at_the_end(any_bucket: Bucket) -> None:
    bucket, host = any_bucket, any_bucket.host()
    with host.sync:
        host.write("model", "weights")
        host.write("step-1/shard 0", "zero")
        until(lambda: bucket.kept() == {"model", "step-1/shard 0"})
        assert bucket.has("model", "weights")
        host.write("model", "better weights")
        until(lambda: bucket.has("model", "better weights"))
        (host.path / "step-1/shard 0").unlink()
        until(lambda: bucket.kept() == {"model"})
        host.write("last", "one")
    assert bucket.kept() == {"model", "last"}
    assert bucket.has("last", "one")
    assert host.sync.notes == ()
    traffic = host.sync.traffic
    assert (traffic.uploaded, traffic.removed, traffic.restored) == (4, 1, 0)
    assert traffic.uploaded_size == len("weights" + "zero" + "better weights" + "one")
    assert traffic.uploading > 0


def test_what_is_in_s3_is_there_before_the_start_and_not_uploaded_again(
    any_bucket: Bucket,
) -> None:
    any_bucket.put("model", b"weights")
    any_bucket.put("step 1/shard", b"bytes")
    host = any_bucket.host()
    assert host.names() == {"model", "step 1/shard"}
    assert (host.path / "model").read_bytes() == b"weights"
    with host.sync:
        pass
    traffic = host.sync.traffic
    assert (traffic.restored, traffic.restored_size, traffic.uploaded) == (2, 12, 0)
    assert traffic.restoring > 0


def test_a_large_file_goes_in_parts(any_bucket: Bucket) -> None:
    host = any_bucket.host()
    content = os.urandom(40 << 20)
    told: list[tuple[str, int, int]] = []
    host.sync._progress = lambda *how_far: told.append(how_far)
    with host.sync:
        host.write("large", content)
    assert any_bucket.has("large", content)
    assert told[-1] == ("checkpoints", len(content), len(content))


def test_markers_stand_beside_a_file_and_never_in_s3(bucket: Bucket) -> None:
    bucket, gate = gated(bucket)
    host = bucket.host()
    with host.sync:
        host.write("a/model", "weights")
        gate.entered()
        assert f"a/model{UPLOADING}" in host.names()
        assert (host.path / f"a/model{UPLOADING}").stat().st_size == 0
        gate.let_through()
        until(lambda: host.names() == {"a/model", f"a/model{UPLOADED}"})
        assert (host.path / f"a/model{UPLOADED}").stat().st_size == 0
        host.write("a/model", "better weights")
        gate.entered()
        assert host.names() == {"a/model", f"a/model{UPLOADING}"}  # what was uploaded is not it
        gate.let_through()
        until(lambda: host.names() == {"a/model", f"a/model{UPLOADED}"})
        (host.path / "a/model").unlink()
        until(lambda: host.names() == set())
    assert bucket.kept() == set()


def test_what_the_platform_leaves_out_is_left_out(bucket: Bucket) -> None:
    host = bucket.host()
    with host.sync:
        host.write("model")
        host.write("tmp1.sagemaker-ignore")
        host.write(".sagemaker-ignore/tmp2")
        host.write(f"mine{UPLOADED}", "the container's own")
        host.write(f"folder{UPLOADED}/kept")
    assert bucket.kept() == {"model", f"folder{UPLOADED}/kept"}


def test_a_writer_that_takes_its_time_is_waited_for(bucket: Bucket) -> None:
    host = bucket.host()
    with host.sync, open(host.path / "slow", "wb", buffering=0) as file:
        file.write(b"half")
        host.write("other")
        until(lambda: bucket.kept() == {"other"})  # which was written later
        host.write("another")
        until(lambda: bucket.kept() == {"other", "another"})  # and later again
        file.write(b" and half")
        file.close()
        until(lambda: "slow" in bucket.kept())
        assert bucket.has("slow", "half and half")


def test_a_file_that_changes_while_it_is_uploaded_is_uploaded_again(bucket: Bucket) -> None:
    bucket, gate = gated(bucket)
    host = bucket.host()
    with host.sync:
        host.write("model", "weights")
        gate.entered()
        host.write("model", "changed")
        gate.let_through()
        gate.entered()
        assert f"model{UPLOADED}" not in host.names()
        gate.let_through()
        until(lambda: bucket.has("model", "changed"))
        until(lambda: f"model{UPLOADED}" in host.names())


def test_a_file_renamed_into_place_is_the_only_one(bucket: Bucket) -> None:
    host = bucket.host()
    with host.sync:
        for number in range(20):
            host.write("model.tmp", f"weights {number}").rename(host.path / "model")
        until(lambda: bucket.has("model", "weights 19"))
    assert bucket.kept() == {"model"}
    assert host.names() == {"model", f"model{UPLOADED}"}


def test_a_folder_that_is_renamed_moves_in_s3(bucket: Bucket) -> None:
    host = bucket.host()
    with host.sync:
        host.write("step-1.tmp/a", "a")
        host.write("step-1.tmp/deep/b", "b")
        until(lambda: bucket.kept() == {"step-1.tmp/a", "step-1.tmp/deep/b"})
        (host.path / "step-1.tmp").rename(host.path / "step-1")
        until(lambda: bucket.kept() == {"step-1/a", "step-1/deep/b"})
    assert bucket.kept() == {"step-1/a", "step-1/deep/b"}


def test_folders_within_folders_that_are_made_at_once(bucket: Bucket) -> None:
    """The race of inotify: what is in a folder before it is watched is not told."""
    host = bucket.host()
    expected = set()
    with host.sync:
        for number in range(60):
            name = f"{number}/a/b/c/d/e/f"
            host.write(name, name)
            expected.add(name)
        until(lambda: bucket.kept() == expected)
        (host.path / "0/a/b/c/d/e/f").write_text("changed")  # and now they are watched
        until(lambda: bucket.has("0/a/b/c/d/e/f", "changed"))


@pytest.mark.parametrize("any_bucket", ["folder", "rclone"], indirect=True)
def test_a_thousand_small_files(any_bucket: Bucket) -> None:
    host = any_bucket.host()
    before = descriptors()
    with host.sync:
        for number in range(1000):
            host.write(f"{number % 10}/{number}", str(number))
    assert any_bucket.kept() == {f"{number % 10}/{number}" for number in range(1000)}
    assert host.sync.traffic.uploaded == 1000
    until(lambda: descriptors() <= before + 32, "descriptors are left open")  # connections stay
    again = any_bucket.host()
    assert len(again.names()) == 1000
    assert (again.path / "7/777").read_text() == "777"
