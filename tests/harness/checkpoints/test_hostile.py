"""Links that lead elsewhere, and names that no key can have."""

from __future__ import annotations

import os
import shutil

from tests.harness.checkpoints.conftest import (
    UPLOADING,
    Bucket,
    until,
)


def test_links_lead_nowhere(bucket: Bucket) -> None:
    secret = bucket.root / "secret"
    secret.mkdir()
    (secret / "key").write_text("a secret")
    host = bucket.host()
    with host.sync:
        host.write("model", "weights")
        until(lambda: bucket.kept() == {"model"})
        (host.path / "file").symlink_to(secret / "key")
        (host.path / "folder").symlink_to(secret)
        (host.path / "model").unlink()
        (host.path / "model").symlink_to(secret / "key")
        (host.path / f"other{UPLOADING}").symlink_to(secret / "key")
        host.write("other")
        os.mkfifo(host.path / "fifo")
        until(lambda: bucket.kept() == {"other"})
    assert bucket.kept() == {"other"}
    assert (secret / "key").read_text() == "a secret"
    assert sorted(os.listdir(secret)) == ["key"]
    [note] = host.sync.notes
    assert note.startswith("checkpoints of algo-1: /opt/ml/checkpoints/")
    assert "is not uploaded: " in note


def test_a_folder_that_becomes_a_link_is_not_followed(bucket: Bucket) -> None:
    outside = bucket.root / "outside"
    outside.mkdir()
    (outside / "key").write_text("a secret")
    host, other = bucket.host(), bucket.host("algo-2")
    with host.sync, other.sync:
        host.write("step/one")
        other.write("removed")
        until(lambda: bucket.kept() == {"step/one", "removed"})
        shutil.rmtree(host.path)
        host.path.symlink_to(outside)
        (other.path / "removed").unlink()
        until(lambda: bucket.kept() == {"step/one"})
    assert bucket.kept() == {"step/one"}
    assert sorted(os.listdir(outside)) == ["key"]


def test_names_that_no_key_can_have_are_told(bucket: Bucket) -> None:
    host = bucket.host()
    with host.sync:
        host.write("ünï; 'quoted' $HOME\n✓", "kept")
        (host.path / os.fsdecode(b"not utf-8 \xff")).write_text("left")
        deep = host.path
        for _ in range(5):
            deep = deep / ("d" * 250)
            deep.mkdir()
        host.write("n" * 255, "a name with no room for markers")
    assert bucket.kept() == {"ünï; 'quoted' $HOME\n✓", "n" * 255}
    assert len(host.sync.notes) == 2
    assert any("not UTF-8" in note for note in host.sync.notes)
    assert any("more than the 1024 bytes of a key" in note for note in host.sync.notes)
