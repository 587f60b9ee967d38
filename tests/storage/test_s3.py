from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sm_container.storage import s3_connection
from sm_container.storage.errors import (
    BucketNotFoundError,
    ObjectChangedError,
    ObjectNotFoundError,
    StorageError,
)
from sm_container.storage.objects import Download
from sm_container.storage.retry import Retries
from sm_container.storage.s3 import S3Store
from sm_container.storage.store import Stores, open_store
from tests.storage.servers import (
    SECRET_KEY,
    free_port,
    make_certificate,
    rclone,
    use_endpoint,
)

HOSTILE_KEYS = ["-rf", "a b+c", "ünï/✓", 'it\'s; "quoted" $HOME', "%20?x=y#z", "~tilde&<xml>"]
LARGE = 40 << 20
QUICK = Retries(attempts=3, first=0.01, longest=0.05)


@pytest.fixture
def store(endpoint: str) -> S3Store:
    return S3Store("bucket", retries=QUICK)


@pytest.fixture
def source(hostile_tmp_path: Path) -> Path:
    path = hostile_tmp_path / "source"
    path.write_bytes(os.urandom(1000))
    return path


def test_an_object_goes_there_and_back(store: S3Store, source: Path) -> None:
    counts: list[int] = []
    store.upload(source, "there/and back", counts.append)
    assert sum(counts) == 1000
    (found,) = store.list("there/")
    assert (found.key, found.size, found.uri) == (
        "there/and back",
        1000,
        "s3://bucket/there/and back",
    )
    assert found.etag
    assert '"' not in found.etag
    held = store.stat("there/and back")
    assert held is not None
    assert (held.size, held.etag) == (found.size, found.etag)
    assert store.read("there/and back") == source.read_bytes()
    assert store.read("there/and back", 10, 20) == source.read_bytes()[10:30]
    assert store.read("there/and back", 990, 100) == source.read_bytes()[990:]
    with store.open("there/and back") as stream:
        assert stream.read(3) + stream.read() == source.read_bytes()
    target = source.parent / "target"
    arrived: list[int] = []
    store.download(found, target, arrived.append)
    assert target.read_bytes() == source.read_bytes()
    assert target.stat().st_mode & 0o777 == 0o644
    assert sum(arrived) == 1000
    store.delete("there/and back")
    assert not store.exists("there/and back")
    store.delete("there/and back")


def test_hostile_keys(store: S3Store, source: Path) -> None:
    for key in HOSTILE_KEYS:
        store.upload(source, f"hostile/{key}")
    found = list(store.list("hostile/"))
    assert {item.key for item in found} == {f"hostile/{key}" for key in HOSTILE_KEYS}
    targets = [source.parent / f"target {number}" for number in range(len(found))]
    finished: list[Path] = []
    store.download_all(
        [Download(item, path) for item, path in zip(found, targets, strict=True)],
        finished=lambda download: finished.append(download.path),
    )
    assert all(path.read_bytes() == source.read_bytes() for path in targets)
    assert sorted(finished) == sorted(targets)
    assert store.stat_all(["hostile/-rf", "hostile/nowhere"])[1] is None


def test_a_prefix_is_literal_and_sorted(store: S3Store, source: Path) -> None:
    for key in ("lit/b", "lit/a-b", "lit/a/b", "lit/a", "literal", "li"):
        if key != "lit/a":  # rclone keeps objects as files: "a" cannot be beside "a/b"
            store.upload(source, key)
    assert [item.key for item in store.list("lit/a")] == ["lit/a-b", "lit/a/b"]
    assert [item.key for item in store.list("lit")] == ["lit/a-b", "lit/a/b", "lit/b", "literal"]
    assert list(store.list("nowhere")) == []


def test_a_large_object_goes_in_parts_both_ways(store: S3Store, source: Path) -> None:
    with source.open("wb") as stream:
        for _ in range(LARGE >> 20):
            stream.write(os.urandom(1 << 20))
        stream.write(b"and a bit")
    counts: list[int] = []
    store.upload(source, "large", counts.append)
    assert sum(counts) == LARGE + 9
    arrived: list[int] = []
    target = source.parent / "target"
    (found,) = store.list("large")
    store.download(found, target, arrived.append)
    assert sum(arrived) == LARGE + 9
    assert target.read_bytes() == source.read_bytes()
    assert store.read("large", LARGE - 1, 5) == source.read_bytes()[LARGE - 1 : LARGE + 4]


def test_an_empty_object_is_an_empty_file(store: S3Store, source: Path) -> None:
    source.write_bytes(b"")
    store.upload(source, "empty")
    (found,) = store.list("empty")
    store.download(found, source.parent / "target")
    assert (source.parent / "target").read_bytes() == b""
    assert store.read("empty") == b""


def test_an_object_that_was_overwritten_since_its_listing_is_an_error(
    store: S3Store, source: Path
) -> None:
    store.upload(source, "changing")
    (found,) = store.list("changing")
    source.write_bytes(os.urandom(1000))
    store.upload(source, "changing")
    with pytest.raises(ObjectChangedError, match="s3://bucket/changing: changed since"):
        store.download(found, source.parent / "target")
    assert not (source.parent / "target").exists()


def test_what_is_not_there_is_said(store: S3Store, source: Path) -> None:
    assert store.stat("nowhere") is None
    with pytest.raises(ObjectNotFoundError, match="s3://bucket/nowhere"):
        store.open("nowhere")
    with pytest.raises(BucketNotFoundError, match="s3://no-such-bucket/a"):
        list(S3Store("no-such-bucket").list("a"))
    with pytest.raises(StorageError, match="no-such-bucket"):
        S3Store("no-such-bucket").upload(source, "a")


def test_a_store_is_opened_by_its_uri_and_kept(endpoint: str) -> None:
    stores = Stores()
    store, key = stores.open("s3://bucket/a/b")
    assert (type(store), key) == (S3Store, "a/b")
    assert stores.open("s3://bucket/c")[0] is store
    assert store.origin == f"{endpoint}/bucket/"
    assert open_store("s3://bucket/")[1] == ""


def test_wrong_credentials_are_said_in_one_line(
    rclone_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_endpoint(monkeypatch, rclone_endpoint)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    store = S3Store("bucket", retries=QUICK)
    for attempt in (lambda: list(store.list("a")), lambda: store.stat("a")):
        with pytest.raises(StorageError) as caught:
            attempt()
        assert "\n" not in str(caught.value)
        assert "AWS_PROFILE" in str(caught.value) or "s3:GetObject" in str(caught.value)


def test_missing_credentials_are_said_in_one_line(
    rclone_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_endpoint(monkeypatch, rclone_endpoint)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(StorageError, match="no AWS credentials were found; set AWS_PROFILE"):
        list(S3Store("bucket").list("a"))
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(StorageError, match="nobody"):
        list(S3Store("bucket").list("a"))


def test_an_endpoint_that_is_not_there_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use_endpoint(monkeypatch, f"http://127.0.0.1:{free_port()}")
    store = S3Store("bucket", retries=QUICK)
    with pytest.raises(StorageError, match=r"s3://bucket/a: .*check the network and the endpoint"):
        store.stat("a")


def test_a_directory_bucket_is_refused(
    rclone_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_endpoint(monkeypatch, rclone_endpoint)
    with pytest.raises(StorageError, match="directory bucket"):
        list(S3Store("some--use1-az4--x-s3").list(""))


def test_a_bucket_of_another_region_is_found_where_it_is(
    moto_endpoint: str, monkeypatch: pytest.MonkeyPatch, source: Path
) -> None:
    import boto3

    use_endpoint(monkeypatch, moto_endpoint)
    monkeypatch.setattr(s3_connection, "_AWS", re.compile(".*"))  # take the server for AWS's own
    boto3.client("s3").create_bucket(
        Bucket="in-europe", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    connection = s3_connection.BucketConnection("in-europe", connections=4)
    assert connection.client.meta.region_name == "eu-west-1"
    store = S3Store("in-europe", retries=QUICK)
    store.upload(source, "a")
    assert store.read("a") == source.read_bytes()
    with pytest.raises(BucketNotFoundError, match="s3://no-such-bucket/"):
        list(S3Store("no-such-bucket").list("a"))


def test_a_certificate_is_verified_by_the_bundle_that_the_environment_names(
    hostile_tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: Path
) -> None:
    certificate = make_certificate(hostile_tmp_path / "certificate.pem")
    (hostile_tmp_path / "root/bucket").mkdir(parents=True)
    with rclone(hostile_tmp_path / "root", certificate=certificate) as endpoint:
        use_endpoint(monkeypatch, endpoint)
        with pytest.raises(StorageError, match="check AWS_CA_BUNDLE"):
            S3Store("bucket", retries=QUICK).stat("a")
        monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
        store = S3Store("bucket", retries=QUICK)
        store.upload(source, "a")
        assert store.read("a") == source.read_bytes()
        assert [found.key for found in store.list("")] == ["a"]


def test_no_log_shows_a_secret(
    store: S3Store, source: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    store.upload(source, "logged")
    caplog.set_level(logging.DEBUG, logger="urllib3")
    caplog.set_level(logging.INFO, logger="botocore")
    store.read("logged")
    assert caplog.text
    assert SECRET_KEY not in caplog.text
    assert "X-Amz-Signature" not in "".join(
        record.getMessage() for record in caplog.records if record.name.startswith("urllib3")
    )


def test_without_boto3_files_still_work_and_s3_names_the_extra(hostile_tmp_path: Path) -> None:
    (hostile_tmp_path / "a").write_text("x")
    program = (
        "import sys\n"
        "for name in ('boto3', 'botocore', 's3transfer', 'urllib3'): sys.modules[name] = None\n"
        "from sm_container.storage.errors import StorageError\n"
        "from sm_container.storage.store import open_store\n"
        "store, key = open_store(sys.argv[1])\n"
        "print(store.read(key))\n"
        "try:\n open_store('s3://bucket/a')\n"
        "except StorageError as error:\n print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, hostile_tmp_path / "a"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "b'x'",
        "s3://bucket/: S3 needs boto3; pip install 'sm-container[s3]'",
    ]


def test_opening_a_file_imports_no_client() -> None:
    program = (
        "import sys\nfrom sm_container.storage.store import open_store\nopen_store('/tmp')\n"
        "print({'boto3', 'botocore', 'urllib3'} & set(sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
