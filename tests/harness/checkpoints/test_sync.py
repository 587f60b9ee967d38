"""A folder and its S3Uri held together: real files, real inotify, real stores."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from sm_container.harness.outputs.errors import ArtifactError
from sm_container.storage.objects import Advance, ignore
from sm_container.storage.simulated import Link, LinkedStore
from tests.harness.checkpoints.conftest import Bucket, Side, descriptors, until

UPLOADING, UPLOADED = ".sagemaker-uploading", ".sagemaker-uploaded"


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


# Faults


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
        until(lambda: bucket.kept() == {"1"})
    [note] = host.sync.notes
    assert note.startswith("checkpoints of algo-1: s3://bucket/ck/")
    assert "it is tried again when the file changes" in note
    assert bucket.kept() == {str(number) for number in range(10)}


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


def fail(host: Side, during: Callable[[], object]) -> None:
    """A job that fails in the harness while the sync runs."""

    def run() -> None:
        with host.sync:
            during()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        run()


# Abandoned


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


# Several hosts


def test_two_hosts_share_a_prefix(bucket: Bucket) -> None:
    bucket.put("restored")
    prefix = bucket.prefix()
    one, two = bucket.host("algo-1", prefix), bucket.host("algo-2", prefix)
    with one.sync, two.sync:
        one.write("algo-1/a")
        two.write("algo-2/a")
        until(lambda: bucket.kept() == {"restored", "algo-1/a", "algo-2/a"})
        assert not (one.path / "algo-2").exists()  # S3 is read at the start alone
        (two.path / "restored").unlink()
        until(lambda: bucket.kept() == {"algo-1/a", "algo-2/a"})
    assert bucket.kept() == {"algo-1/a", "algo-2/a"}
    assert one.sync.notes == two.sync.notes == ()


def test_of_two_that_write_one_name_the_last_wins(bucket: Bucket) -> None:
    prefix = bucket.prefix()
    one, two = bucket.host("algo-1", prefix), bucket.host("algo-2", prefix)
    with one.sync, two.sync:
        one.write("same", "the same")
        one.write("model", "by one")
        until(lambda: bucket.kept() == {"same", "model"})
        two.write("same", "the same")
        two.write("model", "by two")
        until(lambda: bucket.has("model", "by two"))
        until(lambda: {f"model{UPLOADED}", f"same{UPLOADED}"} <= two.names())  # and compared
        (one.path / "model").unlink()  # what is in S3 is not its own any more
        (one.path / "same").unlink()
        until(lambda: f"model{UPLOADED}" not in one.names())
    assert bucket.has("model", "by two")
    assert bucket.has("same", "the same")
    assert one.sync.notes == ()
    [note] = two.sync.notes
    assert "model was written by algo-1 too, and not the same" in note


# Without inotify

LIMITED = """
import sys
from pathlib import Path, PurePosixPath
from sm_container.harness.checkpoints.folder import Folder
from sm_container.harness.checkpoints.prefix import Prefix
from sm_container.harness.checkpoints.sync import CheckpointSync
from sm_container.harness.engines.leftovers import eventually
from sm_container.storage.store import Stores

Path(f"/proc/sys/user/max_inotify_{sys.argv[1]}").write_text("0")
root = Path(sys.argv[2])
(root / "ml").mkdir()
folder = Folder(root / "ml", ("checkpoints",), PurePosixPath("/opt/ml/checkpoints"))
prefix = Prefix("s3://bucket/ck", Stores(root / "s3").open)
sync = CheckpointSync("algo-1", folder, prefix, progress=print, settle_seconds=0.1)
sync.restore(lambda *_: None)
kept = root / "s3/bucket/ck"
with sync:
    (folder.path / "a/b").mkdir(parents=True)
    (folder.path / "a/b/c").write_text("c")
    assert eventually((kept / "a/b/c").exists, 30)
    (folder.path / "a/b/c").unlink()
    assert eventually(lambda: not (kept / "a/b/c").exists(), 30)
print(*sync.notes)
"""


@pytest.mark.parametrize("limit", ["watches", "instances"])
def test_where_inotify_has_no_room_the_folder_is_looked_at(bucket: Bucket, limit: str) -> None:
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", sys.executable, "-c", LIMITED, limit, bucket.root],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert done.returncode == 0, done.stderr
    assert f"fs.inotify.max_user_{limit}" in done.stdout
    assert "it is looked at again and again instead" in done.stdout


class Gate:
    """Holds uploads up until they are let through, one after the other."""

    def __init__(self) -> None:
        self._entered = threading.Semaphore(0)
        self._passed = threading.Semaphore(0)

    def entered(self) -> None:
        assert self._entered.acquire(timeout=30)

    def let_through(self) -> None:
        self._passed.release()

    def hold(self) -> None:
        self._entered.release()
        assert self._passed.acquire(timeout=30)


def gated(bucket: Bucket) -> tuple[Bucket, Gate]:
    """The bucket, each of whose uploads waits at the gate before its first byte."""
    gate, store = Gate(), bucket.store
    upload = store.upload

    def held(path: Path, key: str, advance: Advance = ignore) -> None:
        gate.hold()
        upload(path, key, advance)

    store.upload = held  # type: ignore[method-assign]
    return bucket, gate
