"""The variables that the platform sets in a container, beside the request's Environment.

Every ``SM_*`` variable comes from a toolkit in the image, not from the platform.
Source: developer guide, "Environment Variables Used in Training"; a job's observed environment.
"""

from __future__ import annotations

TYPE_CHECKING = False  # the supervisor imports this, and nothing that is dear

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_STOP_SECONDS = 1e6

TRAINING_JOB_NAME = "TRAINING_JOB_NAME"
TRAINING_JOB_ARN = "TRAINING_JOB_ARN"
CREDENTIALS_VARIABLE = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"

STOP_SECONDS = 120.0
"""Between SIGTERM and SIGKILL. Source: StopTrainingJob."""

STOP_SECONDS_VARIABLE = "SM_CONTAINER_STOP_SECONDS"
"""Another number of seconds, which the harness sets where it was told of a shorter grace; the
service never does."""


def stop_seconds(environ: Mapping[str, str]) -> float:
    """The seconds between SIGTERM and SIGKILL. What is not a number from 0 on does not count."""
    try:
        seconds = float(environ.get(STOP_SECONDS_VARIABLE, STOP_SECONDS))
    except ValueError:
        return STOP_SECONDS
    return seconds if 0 <= seconds < _LONGEST_STOP_SECONDS else STOP_SECONDS


def partition_of(region: str) -> str:
    """The first part of every ARN of a region. Source: "Amazon Resource Names (ARNs)"."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def training_job_arn(job_name: str, region: str, account: str) -> str:
    """The ARN of a job: the service writes the job's name in it in lower case."""
    partition = partition_of(region)
    return f"arn:{partition}:sagemaker:{region}:{account}:training-job/{job_name.lower()}"


def platform_environment(
    job_name: str,
    job_arn: str,
    region: str,
    *,
    network_interface_name: str = "eth0",
    credentials_uri: str | None = None,
    gpus: bool = False,
) -> dict[str, str]:
    """The platform's variables for one host.

    ``credentials_uri`` is the path at 169.254.170.2 where credentials are had; a job in network
    isolation has none. On a machine with GPUs the runtime of the engine says which are visible.
    """
    environment = {
        TRAINING_JOB_NAME: job_name,
        TRAINING_JOB_ARN: job_arn,
        "AWS_REGION": region,
        "AWS_EXECUTION_ENV": "AWS_ECS_EC2",
        "DMLC_INTERFACE": network_interface_name,
    }
    if credentials_uri is not None:
        environment[CREDENTIALS_VARIABLE] = credentials_uri
    if not gpus:
        environment["NVIDIA_VISIBLE_DEVICES"] = "void"
    return environment
