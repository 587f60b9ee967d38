"""Buckets through boto3: the folders of one folder."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.service.conftest import Service
from tests.service.s3.conftest import Bucket


def test_a_bucket_is_a_folder_from_its_making_to_its_end(bucket: Bucket) -> None:
    assert bucket.folder.is_dir()
    assert bucket.name in [each["Name"] for each in bucket.s3.list_buckets()["Buckets"]]
    assert bucket.s3.head_bucket(Bucket=bucket.name)["BucketRegion"] == "us-east-1"
    assert bucket.s3.get_bucket_location(Bucket=bucket.name)["LocationConstraint"] is None
    with pytest.raises(bucket.s3.exceptions.BucketAlreadyOwnedByYou):
        bucket.s3.create_bucket(Bucket=bucket.name)
    bucket.put("a/b")
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        bucket.s3.delete_bucket(Bucket=bucket.name)
    bucket.s3.delete_object(Bucket=bucket.name, Key="a/b")
    (bucket.folder / "left" / "empty").mkdir(parents=True)
    bucket.s3.delete_bucket(Bucket=bucket.name)
    assert not bucket.folder.exists()
    with pytest.raises(ClientError, match="404"):
        bucket.s3.head_bucket(Bucket=bucket.name)


def test_a_folder_that_holds_what_is_no_object_is_not_deleted(bucket: Bucket) -> None:
    (bucket.folder / "link").symlink_to("/etc")
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        bucket.s3.delete_bucket(Bucket=bucket.name)
    assert bucket.files() == ["link"]


@pytest.mark.parametrize("name", ["ab", "Upper", "a..b", "-ab", "1.2.3.4", "a_b"])
def test_a_bucket_has_a_name_as_in_s3(bucket: Bucket, name: str) -> None:
    status, body = bucket.ask("PUT", f"/{name}")
    assert (status, b"InvalidBucketName" in body) == (400, True)
    assert not (bucket.service.s3 / name).exists()


def test_the_bucket_of_another_account_is_not_here(bucket: Bucket) -> None:
    bucket.s3.head_bucket(Bucket=bucket.name, ExpectedBucketOwner="000000000000")
    with pytest.raises(ClientError, match="403"):
        bucket.s3.head_bucket(Bucket=bucket.name, ExpectedBucketOwner="123456789012")


def test_the_buckets_that_were_there_are_served(service: Service) -> None:
    (service.s3 / "Older_Name").mkdir()
    (service.s3 / "elsewhere").symlink_to("/etc")
    (service.s3 / "a-file").touch()
    s3 = service.client("s3")
    names = [each["Name"] for each in s3.list_buckets()["Buckets"]]
    assert names == ["Older_Name", "bucket", "sagemaker-us-east-1-000000000000"]
    assert s3.list_objects_v2(Bucket="bucket")["Contents"][0]["Key"] == "train/part-1.csv"
    for call in (s3.list_objects_v2, s3.head_bucket):
        with pytest.raises(ClientError, match=r"NoSuchBucket|404"):
            call(Bucket="elsewhere")
