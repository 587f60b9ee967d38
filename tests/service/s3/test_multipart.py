"""Objects that come in parts."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.service.conftest import Service
from tests.service.s3.conftest import Bucket

MIB = 1 << 20


def begin(bucket: Bucket, key: str = "k", **fields: Any) -> dict[str, Any]:
    id = bucket.s3.create_multipart_upload(Bucket=bucket.name, Key=key, **fields)["UploadId"]
    return {"Bucket": bucket.name, "Key": key, "UploadId": id}


def send(bucket: Bucket, upload: dict[str, Any], number: int, body: bytes) -> dict[str, Any]:
    found = bucket.s3.upload_part(**upload, PartNumber=number, Body=body)
    return {"PartNumber": number, "ETag": found["ETag"]}


def complete(bucket: Bucket, upload: dict[str, Any], *parts: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = bucket.s3.complete_multipart_upload(
        **upload, MultipartUpload={"Parts": list(parts)}
    )
    return found


def test_parts_come_in_any_order_and_the_last_of_a_number_counts(bucket: Bucket) -> None:
    upload = begin(bucket, ContentType="text/x", Metadata={"by": "me"})
    third = send(bucket, upload, 3, b"3")
    first = send(bucket, upload, 1, b"1" * 5 * MIB)
    send(bucket, upload, 2, b"x" * 5 * MIB)
    second = send(bucket, upload, 2, b"2" * 5 * MIB)
    send(bucket, upload, 9, b"not named below")
    listed = bucket.s3.list_parts(**upload)["Parts"]
    assert [(each["PartNumber"], each["Size"]) for each in listed][:2] == [
        (1, 5 * MIB),
        (2, 5 * MIB),
    ]
    assert bucket.files() == []

    etag = complete(bucket, upload, first, second, third)["ETag"]

    found = bucket.s3.get_object(Bucket=bucket.name, Key="k")
    assert found["Body"].read() == b"1" * 5 * MIB + b"2" * 5 * MIB + b"3"
    assert (found["ETag"], found["ContentType"], found["Metadata"]) == (
        etag,
        "text/x",
        {"by": "me"},
    )
    digests = [bytes.fromhex(each["ETag"].strip('"')) for each in (first, second, third)]
    assert etag == f'"{hashlib.md5(b"".join(digests)).hexdigest()}-3"'
    assert "Uploads" not in bucket.s3.list_multipart_uploads(Bucket=bucket.name)


def test_what_does_not_fit_together_is_refused_and_can_be_mended(bucket: Bucket) -> None:
    upload = begin(bucket)
    small, last = send(bucket, upload, 1, b"1"), send(bucket, upload, 2, b"2")
    for parts, code in [
        ([{**small, "ETag": '"x"'}], "InvalidPart"),
        ([{"PartNumber": 7, "ETag": small["ETag"]}], "InvalidPart"),
        ([last, small], "InvalidPartOrder"),
        ([small, last], "EntityTooSmall"),
        ([], "MalformedXML"),
    ]:
        with pytest.raises(ClientError, match=code):
            complete(bucket, upload, *parts)
    complete(bucket, upload, last)
    assert bucket.body("k") == b"2"


def test_an_upload_that_was_aborted_is_gone(bucket: Bucket) -> None:
    upload = begin(bucket)
    part = send(bucket, upload, 1, b"1")
    [listed] = bucket.s3.list_multipart_uploads(Bucket=bucket.name)["Uploads"]
    assert (listed["Key"], listed["UploadId"]) == ("k", upload["UploadId"])
    bucket.s3.abort_multipart_upload(**upload)
    for call in (
        lambda: complete(bucket, upload, part),
        lambda: send(bucket, upload, 1, b"1"),
        lambda: bucket.s3.list_parts(**upload),
        lambda: bucket.s3.abort_multipart_upload(**{**upload, "UploadId": "../" + bucket.name}),
    ):
        with pytest.raises(ClientError, match="NoSuchUpload"):
            call()
    assert bucket.files() == []


def test_a_part_is_a_range_of_another_object(bucket: Bucket) -> None:
    bucket.s3.put_object(Bucket=bucket.name, Key="source", Body=bytes(range(256)))
    upload = begin(bucket)

    def copy(number: int, range: str) -> dict[str, Any]:
        found = bucket.s3.upload_part_copy(
            **upload,
            PartNumber=number,
            CopySource={"Bucket": bucket.name, "Key": "source"},
            CopySourceRange=range,
        )
        return {"PartNumber": number, "ETag": found["CopyPartResult"]["ETag"]}

    part = copy(1, "bytes=10-19")
    with pytest.raises(ClientError, match="InvalidRange"):
        copy(2, "bytes=200-256")
    complete(bucket, upload, part)
    assert bucket.body("k") == bytes(range(10, 20))


def test_an_upload_outlasts_the_service(service: Service) -> None:
    bucket = Bucket(service, service.client("s3"), "bucket")
    upload = begin(bucket, "later", Metadata={"by": "me"})
    part = send(bucket, upload, 1, b"1")
    service.stop()
    service.start()
    bucket = Bucket(service, service.client("s3"), "bucket")
    complete(bucket, upload, part)
    found = bucket.s3.get_object(Bucket="bucket", Key="later")
    assert (found["Body"].read(), found["Metadata"]) == (b"1", {"by": "me"})
