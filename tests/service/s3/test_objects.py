"""Objects through boto3: written, read, copied, deleted, and what is kept with them."""

from __future__ import annotations

import hashlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from tests.service.s3.conftest import Bucket

HOSTILE_KEYS = [
    "-rf",
    "a b",
    "ünï/✓",
    'it\'s; "quoted" $HOME',
    "new\nline",
    "%20",
    "*?[",
    "a/b+c&d",
]


def refused(code: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\)")


def test_what_came_with_an_object_comes_back(bucket: Bucket) -> None:
    put = bucket.s3.put_object(
        Bucket=bucket.name,
        Key="a/b",
        Body=b"words",
        ContentType="text/x",
        ContentEncoding="gzip",
        Metadata={"by": "me"},
        Tagging="one=1&two=2",
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId="a-key",
    )
    found = bucket.s3.head_object(Bucket=bucket.name, Key="a/b")
    assert put["ETag"] == found["ETag"] == f'"{hashlib.md5(b"words").hexdigest()}"'
    assert (found["ContentLength"], found["ContentType"]) == (5, "text/x")
    assert (found["ContentEncoding"], found["Metadata"]) == ("gzip", {"by": "me"})
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", "a-key")
    tags = bucket.s3.get_object_tagging(Bucket=bucket.name, Key="a/b")["TagSet"]
    assert tags == [{"Key": "one", "Value": "1"}, {"Key": "two", "Value": "2"}]
    assert (bucket.folder / "a" / "b").read_bytes() == b"words"


def test_what_another_program_writes_is_an_object_of_its_own(bucket: Bucket) -> None:
    bucket.s3.put_object(Bucket=bucket.name, Key="k", Body=b"one", Metadata={"by": "me"})
    first = bucket.s3.head_object(Bucket=bucket.name, Key="k")
    (bucket.folder / "k").write_bytes(b"two")
    found = bucket.s3.head_object(Bucket=bucket.name, Key="k")
    assert found["ETag"] != first["ETag"]
    assert found["Metadata"] == {}
    listed = bucket.s3.list_objects_v2(Bucket=bucket.name)["Contents"][0]
    assert listed["ETag"] == found["ETag"]
    assert bucket.body("k", IfMatch=found["ETag"]) == b"two"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("bytes=0-0", b"0"),
        ("bytes=3-5", b"345"),
        ("bytes=7-", b"789"),
        ("bytes=7-99", b"789"),
        ("bytes=-3", b"789"),
        ("bytes=-99", b"0123456789"),
    ],
)
def test_a_range_is_what_is_asked_for(bucket: Bucket, asked: str, expected: bytes) -> None:
    bucket.s3.put_object(Bucket=bucket.name, Key="k", Body=b"0123456789")
    found = bucket.s3.get_object(Bucket=bucket.name, Key="k", Range=asked)
    assert found["Body"].read() == expected
    assert found["ResponseMetadata"]["HTTPStatusCode"] == 206
    start = b"0123456789".index(expected)
    assert found["ContentRange"] == f"bytes {start}-{start + len(expected) - 1}/10"


@pytest.mark.parametrize(
    "asked", ["bytes=5-2", "bytes=a-b", "lines=1-2", "bytes=0-1,4-5", "bytes=-"]
)
def test_what_is_no_range_has_no_effect(bucket: Bucket, asked: str) -> None:
    bucket.put("k")
    found = bucket.s3.get_object(Bucket=bucket.name, Key="k", Range=asked)
    assert (found["Body"].read(), found["ResponseMetadata"]["HTTPStatusCode"]) == (b"k", 200)


@pytest.mark.parametrize("asked", ["bytes=1-", "bytes=10-20", "bytes=-0"])
def test_a_range_of_nothing_is_refused(bucket: Bucket, asked: str) -> None:
    bucket.put("k")
    with refused("InvalidRange"):
        bucket.s3.get_object(Bucket=bucket.name, Key="k", Range=asked)


def test_conditions_of_reading(bucket: Bucket) -> None:
    etag = bucket.s3.put_object(Bucket=bucket.name, Key="k", Body=b"k")["ETag"]
    modified = bucket.s3.head_object(Bucket=bucket.name, Key="k")["LastModified"]
    assert bucket.body("k", IfMatch=etag, IfModifiedSince=0) == b"k"
    assert bucket.body("k", IfNoneMatch='"another"', IfUnmodifiedSince=modified) == b"k"
    with refused("PreconditionFailed"):
        bucket.body("k", IfMatch='"another"')
    with refused("PreconditionFailed"):
        bucket.body("k", IfUnmodifiedSince=0)
    with refused("304"):
        bucket.body("k", IfNoneMatch=etag)
    with refused("304"):
        bucket.body("k", IfModifiedSince=modified)


def test_of_writers_that_want_no_object_one_makes_it(bucket: Bucket) -> None:
    start = threading.Barrier(8)

    def write(number: int) -> str:
        start.wait()
        try:
            bucket.s3.put_object(
                Bucket=bucket.name, Key="k", Body=str(number).encode(), IfNoneMatch="*"
            )
        except ClientError as fault:
            return str(fault.response["Error"]["Code"])
        return "written"

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(write, range(8)))
    assert sorted(found) == ["PreconditionFailed"] * 7 + ["written"]
    assert bucket.body("k") == str(found.index("written")).encode()


def test_a_write_of_another_version_is_refused(bucket: Bucket) -> None:
    etag = bucket.s3.put_object(Bucket=bucket.name, Key="k", Body=b"1")["ETag"]
    bucket.s3.put_object(Bucket=bucket.name, Key="k", Body=b"2", IfMatch=etag)
    with refused("PreconditionFailed"):
        bucket.s3.put_object(Bucket=bucket.name, Key="k", Body=b"3", IfMatch=etag)
    with refused("NoSuchKey"):
        bucket.s3.put_object(Bucket=bucket.name, Key="nothing", Body=b"3", IfMatch=etag)
    assert bucket.body("k") == b"2"


@pytest.mark.parametrize("key", HOSTILE_KEYS)
def test_a_key_is_any_text(bucket: Bucket, key: str) -> None:
    bucket.put(key)
    assert bucket.body(key) == key.encode()
    assert (bucket.folder / key).read_bytes() == key.encode()
    assert [each["Key"] for each in bucket.s3.list_objects_v2(Bucket=bucket.name)["Contents"]] == [
        key
    ]
    bucket.s3.copy_object(
        Bucket=bucket.name, Key="copy", CopySource={"Bucket": bucket.name, "Key": key}
    )
    assert bucket.body("copy") == key.encode()
    bucket.s3.delete_objects(
        Bucket=bucket.name, Delete={"Objects": [{"Key": key}, {"Key": "copy"}]}
    )
    assert bucket.files() == []


def test_a_copy_has_what_the_source_had_unless_it_is_replaced(bucket: Bucket) -> None:
    bucket.s3.put_object(
        Bucket=bucket.name, Key="a", Body=b"a", ContentType="text/x", Metadata={"by": "me"}
    )
    source = f"{bucket.name}/a"
    made = bucket.s3.copy_object(Bucket=bucket.name, Key="b", CopySource=source)
    found = bucket.s3.head_object(Bucket=bucket.name, Key="b")
    assert made["CopyObjectResult"]["ETag"] == found["ETag"]
    assert (found["ContentType"], found["Metadata"]) == ("text/x", {"by": "me"})
    bucket.s3.copy_object(
        Bucket=bucket.name,
        Key="a",  # itself
        CopySource=source,
        MetadataDirective="REPLACE",
        Metadata={"by": "you"},
    )
    found = bucket.s3.head_object(Bucket=bucket.name, Key="a")
    assert (found["ContentType"], found["Metadata"]) == ("binary/octet-stream", {"by": "you"})
    with refused("PreconditionFailed"):
        bucket.s3.copy_object(
            Bucket=bucket.name, Key="c", CopySource=source, CopySourceIfMatch='"another"'
        )
    with refused("NoSuchKey"):
        bucket.s3.copy_object(Bucket=bucket.name, Key="c", CopySource=f"{bucket.name}/nothing")


def test_deleting_leaves_no_empty_folder_and_is_no_fault_twice(bucket: Bucket) -> None:
    bucket.put("a/b/c", "a/d")
    bucket.s3.delete_object(Bucket=bucket.name, Key="a/b/c")
    bucket.s3.delete_object(Bucket=bucket.name, Key="a/b/c")
    assert bucket.files() == ["a", "a/d"]
    found = bucket.s3.delete_objects(
        Bucket=bucket.name, Delete={"Objects": [{"Key": "a/d"}, {"Key": "x"}], "Quiet": True}
    )
    assert "Deleted" not in found
    assert bucket.files() == []


def test_a_key_cannot_be_below_an_object_or_above_one(bucket: Bucket) -> None:
    bucket.put("a", "b/c")
    with refused("InvalidRequest"):
        bucket.put("a/b")
    with refused("InvalidRequest"):
        bucket.put("b")
    assert (bucket.body("a"), bucket.body("b/c")) == (b"a", b"b/c")
    with refused("NoSuchKey"):
        bucket.body("b")


def test_a_large_file_is_neither_kept_in_memory_nor_changed_on_its_way(
    bucket: Bucket, hostile_tmp_path: os.PathLike[str]
) -> None:
    file = os.path.join(hostile_tmp_path, "large")
    digest = hashlib.sha256()
    with open(file, "wb") as written:
        for _ in range(96):
            block = os.urandom(1 << 20)
            digest.update(block)
            written.write(block)
    assert bucket.service.process is not None
    process = psutil.Process(bucket.service.process.pid)
    before = process.memory_info().rss
    parts = TransferConfig(multipart_threshold=8 << 20, multipart_chunksize=16 << 20)
    bucket.s3.upload_file(
        file, bucket.name, "one", Config=TransferConfig(multipart_threshold=1 << 40)
    )
    bucket.s3.upload_file(file, bucket.name, "many", Config=parts)
    bucket.s3.copy({"Bucket": bucket.name, "Key": "many"}, bucket.name, "copy", Config=parts)
    for key in ("one", "many", "copy"):
        bucket.s3.download_file(bucket.name, key, file, Config=parts)
        found = hashlib.sha256()
        with open(file, "rb") as read:
            while block := read.read(1 << 20):
                found.update(block)
        assert found.digest() == digest.digest()
    assert process.memory_info().rss - before < 64 << 20


@pytest.mark.parametrize(
    "call",
    [
        lambda s3, place: s3.get_object_acl(**place),
        lambda s3, place: s3.put_object_tagging(**place, Tagging={"TagSet": []}),
        lambda s3, place: s3.put_object_acl(**place, ACL="public-read"),
        lambda s3, place: s3.put_object(**place, ACL="public-read"),
        lambda s3, place: s3.put_object(**place, ObjectLockMode="GOVERNANCE"),
        lambda s3, place: s3.get_object(**place, VersionId="1"),
        lambda s3, place: s3.delete_object(**place, IfMatch="x"),
        lambda s3, place: s3.get_object_attributes(**place, ObjectAttributes=["ETag"]),
        lambda s3, place: s3.put_bucket_versioning(
            Bucket=place["Bucket"], VersioningConfiguration={"Status": "Enabled"}
        ),
    ],
)
def test_what_is_not_there_is_refused_and_changes_nothing(bucket: Bucket, call: Any) -> None:
    bucket.put("k")
    with refused("NotImplemented"):
        call(bucket.s3, {"Bucket": bucket.name, "Key": "k"})
    assert bucket.body("k") == b"k"
