"""Jobs and S3 over HTTP: one folder, or an object store of the user's own."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.service.conftest import Service, ended, running
from tests.storage.servers import rclone, use_endpoint


def names(body: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(body)) as packed:
        return packed.getnames()


def test_what_is_uploaded_trains_at_once_and_the_model_is_downloaded(shared: Service) -> None:
    s3, sagemaker = shared.client("s3"), shared.client("sagemaker")
    s3.create_bucket(Bucket="mine")
    s3.put_object(Bucket="mine", Key="data/part", Body=b"1,2\n")
    request = shared.request("uploaded")
    request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] = "s3://mine/data/"
    sagemaker.create_training_job(**request)
    assert ended(sagemaker, "uploaded")["TrainingJobStatus"] == "Completed"
    [listed] = s3.list_objects_v2(Bucket="bucket", Prefix="output/uploaded/")["Contents"]
    assert listed["Key"] == "output/uploaded/output/model.tar.gz"
    found = s3.get_object(Bucket="bucket", Key=listed["Key"], IfMatch=listed["ETag"])
    assert names(found["Body"].read()) == ["model.txt"]


def test_an_upload_that_is_not_done_is_nothing_to_a_job(shared: Service) -> None:
    s3, sagemaker = shared.client("s3"), shared.client("sagemaker")
    s3.create_bucket(Bucket="unfinished")
    s3.create_multipart_upload(Bucket="unfinished", Key="data/part")
    request = shared.request("unfinished")
    request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] = "s3://unfinished/data/"
    with pytest.raises(ClientError, match="No S3 objects found"):
        sagemaker.create_training_job(**request)


def test_objects_of_a_server_of_the_users_own(
    hostile_tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = hostile_tmp_path / "objects"
    (root / "bucket" / "train").mkdir(parents=True)
    (root / "bucket" / "train" / "part-1.csv").write_text("1,2\n")
    with rclone(root) as endpoint:
        use_endpoint(monkeypatch, endpoint)
        monkeypatch.delenv("AWS_ENDPOINT_URL")
        with running(hostile_tmp_path, "--s3-endpoint", endpoint) as service:
            for name, value in (service.environment or {}).items():
                monkeypatch.setenv(name, value)
            session: Any = boto3.Session()
            s3, sagemaker = session.client("s3"), session.client("sagemaker")
            sagemaker.create_training_job(**service.request("own"))
            assert ended(sagemaker, "own")["TrainingJobStatus"] == "Completed"
            found = s3.get_object(Bucket="bucket", Key="output/own/output/model.tar.gz")
            assert names(found["Body"].read()) == ["model.txt"]
            here = session.client("s3", endpoint_url=service.endpoint)
            with pytest.raises(ClientError, match=rf"AWS_ENDPOINT_URL_S3 to {endpoint}"):
                here.list_buckets()
    assert (root / "bucket" / "output" / "own" / "output" / "model.tar.gz").is_file()
