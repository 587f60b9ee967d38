"""A service of a test's own: what it gives, and that nothing of it stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest

from sm_container.harness.engines.leftovers import eventually
from sm_container.harness.store.folder import JobFolder
from sm_container.testing import LocalSageMakerError, local_sagemaker

pytest_plugins = ["pytester"]

ROLE = "arn:aws:iam::000000000000:role/trainer"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/algo:1"
PROGRAM = """#!{python}
import json, os, signal, time
base = os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")
given = json.load(open(base + "/input/config/hyperparameters.json"))
if "endless" in given:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("at work", flush=True)
    time.sleep(600)
open(base + "/model/model.txt", "w").write("trained")
"""


@pytest.fixture
def program(hostile_tmp_path: Path) -> Path:
    file = hostile_tmp_path / "train = me.py"
    file.write_text(PROGRAM.format(python=sys.executable))
    file.chmod(0o755)
    return file


@pytest.fixture(autouse=True)
def temporary(hostile_tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made, in a folder with a hostile name."""
    folder = hostile_tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def train(sagemaker: Any, name: str, **hyperparameters: str) -> None:
    sagemaker.create_training_job(
        TrainingJobName=name,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn=ROLE,
        HyperParameters=hyperparameters,
        OutputDataConfig={"S3OutputPath": "s3://bucket/output"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )


def is_at_work(home: Path) -> bool:
    log = JobFolder(home / "jobs" / "endless").log("algo-1")
    return log.exists() and b"at work" in log.read_bytes()


def of_service(home: Path) -> list[psutil.Process]:
    """The processes that belong to a home."""
    found = []
    for each in psutil.process_iter():
        try:
            words = [*each.cmdline(), each.environ().get("SM_CONTAINER_HOME", "")]
            if str(home) in " ".join(words) and each.status() != psutil.STATUS_ZOMBIE:
                found.append(each)
        except psutil.Error:
            continue
    return found


def test_clients_train_without_being_told_where(program: Path, temporary: Path) -> None:
    before = dict(os.environ)
    boto3.client("sts", region_name="us-east-1")  # a default session that knows something else
    with local_sagemaker({"algo": program}, jobs=1, engine="process", region="eu-west-1") as local:
        sagemaker = boto3.client("sagemaker")
        (local.s3_root / "bucket").mkdir()
        train(sagemaker, "first")
        waiter = sagemaker.get_waiter("training_job_completed_or_stopped")
        waiter.wait(TrainingJobName="first", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        assert (local.s3_root / "bucket/output/first/output/model.tar.gz").is_file()
        assert local.client("s3").list_objects_v2(Bucket="bucket")["KeyCount"] == 1
        assert sagemaker.meta.region_name == "eu-west-1"
        assert local.images == {"algo": str(program)}
        assert os.environ["AWS_ENDPOINT_URL"] == local.endpoint
    assert dict(os.environ) == before
    assert boto3.DEFAULT_SESSION is None
    assert list(temporary.iterdir()) == []


def test_all_ends_with_a_block_that_raises(program: Path, temporary: Path) -> None:
    homes = []

    def fail() -> None:
        with local_sagemaker({"algo": program}, jobs=1, engine="process", grace=1) as local:
            homes.append(local.home)
            (local.s3_root / "bucket").mkdir()
            train(local.client("sagemaker"), "endless", endless="1")
            train(local.client("sagemaker"), "waits")
            assert eventually(lambda: is_at_work(local.home), 60)
            assert of_service(local.home)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert of_service(homes[0]) == []
    assert list(temporary.iterdir()) == []


def test_all_ends_where_the_service_was_killed(program: Path, temporary: Path) -> None:
    with local_sagemaker({"algo": program}, engine="process", grace=1) as local:
        (local.s3_root / "bucket").mkdir()
        train(local.client("sagemaker"), "endless", endless="1")
        home = local.home
        assert eventually(lambda: is_at_work(home), 60)
        [service] = [each for each in of_service(home) if "api" in each.cmdline()]
        service.kill()
    assert of_service(home) == []
    assert list(temporary.iterdir()) == []


def test_the_service_ends_with_the_process_that_started_it(temporary: Path) -> None:
    script = (
        "import sys, time; from sm_container.testing import local_sagemaker\n"
        "with local_sagemaker(engine='process') as local:\n"
        "    print(local.home, flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    ) as process:
        assert process.stdout is not None
        home = Path(process.stdout.readline().rstrip("\n"))
        assert of_service(home)
        process.send_signal(signal.SIGKILL)
    assert eventually(lambda: of_service(home) == [], 30)


def test_a_service_that_does_not_start_says_why(temporary: Path) -> None:
    with pytest.raises(LocalSageMakerError, match="'nothing' is not one of"):
        local_sagemaker(engine="nothing").__enter__()
    assert list(temporary.iterdir()) == []


def test_two_at_once_and_the_fixture(pytester: pytest.Pytester, program: Path) -> None:
    pytester.makepyfile(
        f"""
        import os
        import boto3
        import pytest

        @pytest.mark.parametrize("number", [1, 2])
        def test_two(local_sagemaker, number):
            first = local_sagemaker(engine="process")
            second = local_sagemaker({{"algo": {str(program)!r}}}, engine="process")
            assert first.endpoint != second.endpoint == os.environ["AWS_ENDPOINT_URL"]
            boto3.client("s3").create_bucket(Bucket="mine")
            assert (second.s3_root / "mine").is_dir()
            assert not (first.s3_root / "mine").exists()

        def test_nothing_is_left():
            assert "AWS_ENDPOINT_URL" not in os.environ
        """
    )
    result = pytester.runpytest_subprocess("-n", "2", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=3)
