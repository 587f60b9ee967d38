"""From S3 to the folder: what lands, what cannot, and what a torn restore leaves behind."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sm_container.harness.checkpoints.folder import Folder
from sm_container.harness.checkpoints.prefix import Prefix
from sm_container.harness.checkpoints.sync import CheckpointSync
from sm_container.storage.errors import BucketNotFoundError, StorageError
from sm_container.storage.retry import Retries
from sm_container.storage.s3 import S3Store
from sm_container.storage.store import Stores
from tests.harness.checkpoints.conftest import LOCAL, Bucket, quiet
from tests.storage.servers import FaultyServer, faulty, use_endpoint


def test_an_empty_prefix_is_fine(any_bucket: Bucket) -> None:
    host = any_bucket.host()
    assert host.names() == set()
    assert stat.S_IMODE(host.path.stat().st_mode) == 0o755
    assert host.sync.traffic.restored == 0
    assert host.sync.manifest.uris == ()


def test_files_land_below_the_folder_of_the_uri(any_bucket: Bucket) -> None:
    any_bucket.put("a")
    any_bucket.put("deep/er/b")
    other = any_bucket.root / "put"
    any_bucket.store.upload(other, "ck-2/of another job")
    any_bucket.store.upload(other, "before")
    host = any_bucket.host()
    assert host.names() == {"a", "deep/er/b"}
    assert stat.S_IMODE((host.path / "deep/er/b").stat().st_mode) == 0o644
    assert stat.S_IMODE((host.path / "deep").stat().st_mode) == 0o755
    assert host.sync.manifest.prefix == "ck"
    assert host.sync.manifest.uris == ("s3://bucket/ck/a", "s3://bucket/ck/deep/er/b")


def test_a_slash_at_the_end_of_the_uri_makes_no_difference(bucket: Bucket) -> None:
    bucket.put("a")
    bucket.uri = "s3://bucket/ck/"
    host = bucket.host()
    with host.sync:
        host.write("b")
    assert bucket.kept() == {"a", "b"}
    assert not (bucket.root / "s3/bucket/ck/ck").exists()


def test_a_whole_bucket_and_a_folder_of_this_machine(bucket: Bucket) -> None:
    for uri in ("s3://bucket", f"file://{bucket.root}/kept", str(bucket.root / "kept too")):
        bucket.uri = uri
        host = bucket.host()
        with host.sync:
            host.write("a/b", uri)
        assert bucket.host("algo-2").names() == {"a/b"}
    assert (bucket.root / "s3/bucket/a/b").read_text() == "s3://bucket"
    assert (bucket.root / "kept too/a/b").read_text() == str(bucket.root / "kept too")


def test_a_folder_that_stands_for_s3_gets_its_bucket_with_the_first_file(bucket: Bucket) -> None:
    bucket.uri = "s3://another-bucket/ck"
    host = bucket.host()
    with host.sync:
        host.write("a")
    assert (bucket.root / "s3/another-bucket/ck/a").exists()


@pytest.mark.parametrize("any_bucket", ["moto"], indirect=True)
def test_a_bucket_that_does_not_exist_is_a_fault(any_bucket: Bucket) -> None:
    any_bucket.uri = "s3://no-such-bucket/ck"
    with pytest.raises(BucketNotFoundError):
        any_bucket.host()


def test_a_torn_restore_leaves_nothing_for_the_next_one(bucket: Bucket) -> None:
    bucket.put("whole")
    host = bucket.host()
    host.write("torn/shard", "half")
    (host.path / "link").symlink_to(bucket.root)
    (host.path / "empty").mkdir()
    (bucket.root / "kept").write_text("kept")
    again = bucket.host()
    assert sorted(os.listdir(again.path)) == ["whole"]
    assert (bucket.root / "kept").read_text() == "kept"


def test_a_way_that_leads_elsewhere_is_made_anew(bucket: Bucket) -> None:
    """What an earlier attempt's container did to the folders around it."""
    outside = bucket.root / "outside"
    (outside / "checkpoints").mkdir(parents=True)
    (outside / "checkpoints/key").write_text("a secret")
    tree = bucket.root / "ml"
    tree.mkdir()
    (tree / "a").symlink_to(outside)
    bucket.put("restored")
    folder = Folder(tree, ("a", "checkpoints"), LOCAL)
    sync = CheckpointSync("algo-1", folder, bucket.prefix(), progress=quiet)
    sync.restore(quiet)
    assert sorted(os.listdir(tree / "a/checkpoints")) == ["restored"]
    assert not (tree / "a").is_symlink()
    assert sorted(os.listdir(outside / "checkpoints")) == ["key"]


def test_progress_is_told_and_may_end_it(bucket: Bucket) -> None:
    bucket.put("a", bytes(1000))
    told: list[tuple[str, int, int]] = []
    host = bucket.host()
    assert host.sync.restore(lambda *how_far: told.append(how_far)) == 1000
    assert told[-1] == ("checkpoints", 1000, 1000)

    def stop(what: str, done: int, total: int) -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        host.sync.restore(stop)


# Keys

HOSTILE = {
    "../../etc/passwd": "a part '..'",
    "a/../../b": "a part '..'",
    "./c": "a part '.'",
    "/etc/shadow": "'//'",
    "d//e": "'//'",
    "n" * 256: "a name of 256 bytes",
    "folder with data/": "no file name at its end",
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyServer]:
    with faulty() as running:
        use_endpoint(monkeypatch, running.endpoint)
        yield running


@pytest.mark.parametrize("key", HOSTILE)
def test_a_key_that_cannot_be_a_file_is_passed_over(
    server: FaultyServer, hostile_tmp_path: Path, key: str
) -> None:
    server.objects = {f"ck/{key}": b"evil", "ck/good": b"good"}
    bucket = Bucket(hostile_tmp_path, Stores())
    host = bucket.host()
    assert host.names() == {"good"}
    assert {f.name for f in hostile_tmp_path.iterdir()} == {"algo-1"}
    [note] = host.sync.notes
    assert "was not restored" in note
    assert HOSTILE[key] in note


def test_what_stands_for_a_folder_or_an_upload_is_passed_over_without_a_word(
    server: FaultyServer, hostile_tmp_path: Path
) -> None:
    server.objects = {
        "ck/": b"",
        "ck/empty/": b"",
        "ck/a": b"a",
        "ck/a.sagemaker-uploaded": b"",
        "ck/b.sagemaker-uploading": b"",
    }
    host = Bucket(hostile_tmp_path, Stores()).host()
    assert host.names() == {"a"}
    assert host.sync.notes == ()


def test_a_folder_shadows_a_file_of_its_name(server: FaultyServer, hostile_tmp_path: Path) -> None:
    server.objects = {"ck/a": b"file", "ck/a/b/c": b"in a folder", "ck/a/b": b"file"}
    host = Bucket(hostile_tmp_path, Stores()).host()
    assert host.names() == {"a/b/c"}
    assert len(host.sync.notes) == 2
    assert all("other objects lie below a folder of its name" in n for n in host.sync.notes)


def test_a_thousand_hostile_keys_are_not_a_thousand_notes(
    server: FaultyServer, hostile_tmp_path: Path
) -> None:
    server.objects = {f"ck/../{number}": b"" for number in range(1000)}
    host = Bucket(hostile_tmp_path, Stores()).host()
    assert len(host.sync.notes) == 11
    assert "and 990 more like these" in host.sync.notes[-1]


def test_links_of_a_folder_that_stands_for_s3_do_not_lead_out(bucket: Bucket) -> None:
    bucket.put("good")
    (bucket.root / "secret").write_text("a secret")
    (bucket.root / "s3/bucket/ck/evil").symlink_to(bucket.root / "secret")
    host = bucket.host()
    assert host.names() == {"good"}
    [note] = host.sync.notes
    assert "it is a link that leaves the folder" in note


# Faults


def test_an_object_that_cannot_be_had_is_a_fault_and_no_torn_file_is_left(
    server: FaultyServer, hostile_tmp_path: Path
) -> None:
    server.objects = {"ck/a": os.urandom(1 << 20)}
    server.faults.cut_after = [1000] + [0] * 50
    stores = Stores()
    stores._buckets["bucket"] = S3Store("bucket", retries=Retries(attempts=3, first=0.01))
    bucket = Bucket(hostile_tmp_path, stores)
    with pytest.raises(StorageError, match="could not be read in 3 tries"):
        bucket.host()
    assert list((hostile_tmp_path / "algo-1/checkpoints").iterdir()) == []


KILLED = """
import os, signal, sys
from pathlib import Path, PurePosixPath
from sm_container.harness.checkpoints.folder import Folder
from sm_container.harness.checkpoints.prefix import Prefix
from sm_container.harness.checkpoints.sync import CheckpointSync
from sm_container.storage.simulated import Link
from sm_container.storage.store import Stores

root = Path(sys.argv[1])
folder = Folder(root / "algo-1", ("checkpoints",), PurePosixPath("/opt/ml/checkpoints"))
prefix = Prefix("s3://bucket/ck", Stores(root / "s3", Link(bytes_per_second=20e6)).open)
sync = CheckpointSync("algo-1", folder, prefix, progress=print)
sync.restore(lambda what, done, total: done and os.kill(os.getpid(), signal.SIGKILL))
"""


def test_a_harness_that_is_killed_while_it_restores(bucket: Bucket) -> None:
    content = os.urandom(30 << 20)
    bucket.put("large", content)
    (bucket.root / "algo-1").mkdir()
    done = subprocess.run([sys.executable, "-c", KILLED, bucket.root], cwd=Path.cwd())
    assert done.returncode == -9
    torn = bucket.root / "algo-1/checkpoints/large"
    assert torn.exists()
    host = bucket.host()
    assert (host.path / "large").read_bytes() == content


def test_a_uri_of_no_store_is_a_fault() -> None:
    with pytest.raises(StorageError, match="is not a store known here"):
        Prefix("gs://bucket/ck", Stores().open)
