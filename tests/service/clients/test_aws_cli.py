"""The aws command, as it is released."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.rivals import python_with
from tests.service.clients.conftest import Client
from tests.service.conftest import ended

VERSIONS = ("awscli==1.46.3", "awscli-plugin-logs-tail==0.2")
"""Version 2, which has ``logs tail`` of its own, is in no package registry; the plugin is that."""

Command = tuple[str | Path, ...]


@pytest.fixture(scope="module")
def aws() -> Command:
    return python_with(*VERSIONS), "-m", "awscli"


def test_a_job_from_a_file_and_its_log(client: Client, aws: Command) -> None:
    request = client.service.request("from-a-file", HyperParameters={"epochs": "4", "pause": "0"})
    (client.folder / "request.json").write_text(json.dumps(request))

    def described() -> dict[str, Any]:
        words = ("describe-training-job", "--training-job-name", "from-a-file")
        found: dict[str, Any] = json.loads(client.run(*aws, "sagemaker", *words))
        return found

    said = client.run(
        *(*aws, "sagemaker", "create-training-job", "--cli-input-json", "file://request.json")
    )
    assert json.loads(said)["TrainingJobArn"].endswith(":training-job/from-a-file")
    ended(client.service.client("sagemaker"), "from-a-file")
    assert described()["TrainingJobStatus"] == "Completed"
    words = ("filter-log-events", "--log-group-name", "/aws/sagemaker/TrainingJobs")
    log = json.loads(client.run(*aws, "logs", *words, "--log-stream-name-prefix", "from-a-file/"))
    assert log["events"][-1]["message"] == "epoch 3: train:rmse=0.25"
    client.run(
        *aws, "s3", "cp", "s3://bucket/output/from-a-file/output/model.tar.gz", "model.tar.gz"
    )
    assert (client.folder / "model.tar.gz").stat().st_size > 0


def test_files_to_s3_and_back(client: Client, aws: Command) -> None:
    tree = client.folder / "tree"
    (tree / "deep").mkdir(parents=True)
    (tree / "one.txt").write_text("one")
    (tree / "deep" / "two & ünï.txt").write_text("two")
    (tree / "large").write_bytes(b"0123456789abcdef" * (20 << 16))  # in parts
    client.run(*aws, "s3", "mb", "s3://of-the-cli")
    client.run(*aws, "s3", "sync", "tree", "s3://of-the-cli/tree")
    assert client.run(*aws, "s3", "sync", "tree", "s3://of-the-cli/tree") == ""  # nothing is new
    listed = client.run(*aws, "s3", "ls", "--recursive", "s3://of-the-cli/")
    assert [line.split(maxsplit=3)[3] for line in listed.splitlines()] == [
        "tree/deep/two & ünï.txt",
        "tree/large",
        "tree/one.txt",
    ]
    assert "PRE deep/" in client.run(*aws, "s3", "ls", "s3://of-the-cli/tree/")
    client.run(*aws, "s3", "cp", "s3://of-the-cli/tree/large", "s3://of-the-cli/copy")
    client.run(*aws, "s3", "cp", "s3://of-the-cli/copy", "back")
    assert (client.folder / "back").read_bytes() == (tree / "large").read_bytes()
    client.run(*aws, "s3", "rb", "--force", "s3://of-the-cli")
    assert not (client.service.s3 / "of-the-cli").exists()


def test_who_one_is(client: Client, aws: Command) -> None:
    found = json.loads(client.run(*aws, "sts", "get-caller-identity"))
    assert found["Account"] == "000000000000"


def test_a_log_is_followed_while_the_job_runs(client: Client, aws: Command, tmp_path: Path) -> None:
    hyperparameters = {"epochs": "60", "pause": "0.5"}
    boto3 = client.service.client("sagemaker")
    boto3.create_training_job(**client.service.request("followed", HyperParameters=hyperparameters))
    config = tmp_path / "config"
    config.write_text("[plugins]\ntail = awscli_plugin_logs_tail\n")
    followed = client.start(
        *(*aws, "logs", "tail", "/aws/sagemaker/TrainingJobs", "--follow", "--format", "short"),
        *("--prefix", "followed/"),
        AWS_CONFIG_FILE=str(config),
    )
    assert followed.stdout is not None
    seen = ""
    while "epoch 5:" not in seen:
        line = followed.stdout.readline()
        assert line, seen
        seen += line
    status = boto3.describe_training_job(TrainingJobName="followed")["TrainingJobStatus"]
    assert status == "InProgress"
    boto3.stop_training_job(TrainingJobName="followed")
    followed.terminate()
    followed.wait()
    followed.stdout.close()
