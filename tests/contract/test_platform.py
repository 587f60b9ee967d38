from __future__ import annotations

import pytest

from sm_container.contract.checkpoints import is_upload_marker
from sm_container.contract.platform import (
    STOP_SECONDS_VARIABLE,
    platform_environment,
    stop_seconds,
    training_job_arn,
)


def test_the_arn_has_the_name_in_lower_case() -> None:
    assert training_job_arn("My-Job-1", "eu-west-1", "123456789012") == (
        "arn:aws:sagemaker:eu-west-1:123456789012:training-job/my-job-1"
    )
    assert training_job_arn("j", "cn-north-1", "1").startswith("arn:aws-cn:")
    assert training_job_arn("j", "us-gov-west-1", "1").startswith("arn:aws-us-gov:")


def test_the_platform_s_variables() -> None:
    environment = platform_environment("My-Job", "arn:x", "eu-west-1")
    assert environment == {
        "TRAINING_JOB_NAME": "My-Job",
        "TRAINING_JOB_ARN": "arn:x",
        "AWS_REGION": "eu-west-1",
        "AWS_EXECUTION_ENV": "AWS_ECS_EC2",
        "DMLC_INTERFACE": "eth0",
        "NVIDIA_VISIBLE_DEVICES": "void",
    }
    with_more = platform_environment(
        "j", "a", "r", network_interface_name="eth1", credentials_uri="/v2/credentials/1", gpus=True
    )
    assert with_more["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] == "/v2/credentials/1"
    assert with_more["DMLC_INTERFACE"] == "eth1"
    assert "NVIDIA_VISIBLE_DEVICES" not in with_more


def test_upload_markers() -> None:
    assert is_upload_marker("model.bin.sagemaker-uploading")
    assert is_upload_marker("model.bin.sagemaker-uploaded")
    assert not is_upload_marker("sagemaker-uploaded.bin")


def test_the_service_gives_120_seconds() -> None:
    assert stop_seconds({}) == 120


@pytest.mark.parametrize(("text", "seconds"), [("0", 0), ("2.5", 2.5), ("3600", 3600)])
def test_the_harness_may_give_others(text: str, seconds: float) -> None:
    assert stop_seconds({STOP_SECONDS_VARIABLE: text}) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-1", "nan", "inf", "1e99"])
def test_what_is_no_number_of_seconds_does_not_count(text: str) -> None:
    assert stop_seconds({STOP_SECONDS_VARIABLE: text}) == 120
