"""What cannot be uploaded, and defects of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from sm_container.harness.outputs.errors import ArtifactError
from sm_container.storage.objects import Advance
from tests.harness.checkpoints.conftest import (
    Bucket,
    fail,
    until,
)


def test_an_upload_that_fails_is_told_once_and_tried_again(bucket: Bucket) -> None:
    place = bucket.root / "s3/bucket/ck"
    host = bucket.host()
    place.write_text("a file, where a folder should be")
    tried: list[str] = []
    upload = bucket.store.upload

    def counted(path: Path, key: str, advance: Advance) -> None:
        try:
            upload(path, key, advance)
        finally:
            tried.append(key)

    bucket.store.upload = counted  # type: ignore[method-assign, assignment]
    with host.sync:
        for number in range(10):
            host.write(str(number))
        until(lambda: len(tried) == 10)
        place.unlink()
        host.write("1", "changed")
        until(lambda: bucket.has("1", "changed"))
    [note] = host.sync.notes
    assert note.startswith("checkpoints of algo-1: s3://bucket/ck/")
    assert "it is tried again after a minute, when the file changes" in note
    assert bucket.kept() == {str(number) for number in range(10)}


def test_an_upload_that_has_failed_is_tried_again_after_a_while(bucket: Bucket) -> None:
    """A checkpoint does not change any more, and its successors wait for it to arrive."""
    place = bucket.root / "s3/bucket/ck"
    place.write_text("a file, where a folder should be")
    host = bucket.host(settle_seconds=0.01)
    with host.sync:
        host.write("a")
        until(lambda: bool(host.sync.notes))
        place.unlink()
        until(lambda: bucket.kept() == {"a"})


def test_what_fails_at_the_end_fails_the_job(bucket: Bucket) -> None:
    host = bucket.host()
    (bucket.root / "s3/bucket/ck").write_text("a file, where a folder should be")

    def run() -> None:
        with host.sync:
            host.write("a")
            host.write("b")

    with pytest.raises(ArtifactError, match=r"s3://bucket/ck/.: .*\(and 1 more like this\)"):
        run()


def test_a_fault_of_the_job_goes_before_one_at_the_end(bucket: Bucket) -> None:
    host = bucket.host()
    (bucket.root / "s3/bucket/ck").write_text("a file, where a folder should be")
    fail(host, lambda: host.write("a"))
    assert any("s3://bucket/ck/a" in note for note in host.sync.notes)


def test_a_defect_of_ours_is_raised(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    host = bucket.host()

    def broken(*_: object) -> None:
        raise ZeroDivisionError("a defect")

    def check() -> bool:
        try:
            host.sync.check()
        except ZeroDivisionError:
            return True
        return False

    def run() -> None:
        with host.sync:
            host.write("a")
            until(check)

    monkeypatch.setattr(bucket.store, "upload", broken)
    with pytest.raises(ZeroDivisionError):
        run()
