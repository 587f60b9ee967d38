"""The variables that lead AWS clients here: boto3, the SageMaker SDK, the aws command.

Source: AWS SDKs and Tools reference, "Service-specific endpoints"; SageMaker Python SDK,
"Configuring and using defaults".
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from sm_container.harness.life.launch import ACCOUNT
from sm_container.service.settings import Settings

ANY_KEY = "sm-container"
"""The access key where any will do, and the secret, which nothing checks."""


def default_bucket(region: str) -> str:
    """The bucket that the SDK takes where none is named. Source: ``Session.default_bucket``."""
    return f"sagemaker-{region}-{ACCOUNT}"


def client_environment(settings: Settings) -> dict[str, str]:
    """What a client's process has to be started with. Nothing in it is a real credential."""
    environment = {
        "AWS_ENDPOINT_URL": settings.endpoint,
        "AWS_ACCESS_KEY_ID": settings.token or ANY_KEY,
        "AWS_SECRET_ACCESS_KEY": ANY_KEY,
        "AWS_SESSION_TOKEN": ANY_KEY,
        "AWS_REGION": settings.region,
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    if settings.s3_endpoint is not None:
        environment["AWS_ENDPOINT_URL_S3"] = settings.s3_endpoint
    return environment


def as_shell(environment: Mapping[str, str]) -> str:
    """Lines for ``eval`` in a shell; variables that would lead elsewhere are unset."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    return "\n".join(["unset AWS_PROFILE AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", *exports])
