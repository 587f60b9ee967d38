"""The variables that lead AWS clients here, and nowhere else: boto3, the SageMaker SDK, the aws
command.

Source: AWS SDKs and Tools reference, "Service-specific endpoints", "Environment variables";
SageMaker Python SDK, "Configuring and using defaults with the SageMaker Python SDK".
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sm_container.harness.life.launch import ACCOUNT
from sm_container.harness.store.home import Home
from sm_container.service.settings import Settings

ANY_KEY = "sm-container"
"""The access key where any will do, and the secret, which nothing checks."""

_ELSEWHERE = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CA_BUNDLE")
_ENDPOINT = "AWS_ENDPOINT_URL_"
_SDK_DEFAULTS = """\
# Of `sm-container api`: the SageMaker Python SDK sends nothing to other places.
SchemaVersion: "1.0"
SageMaker:
  PythonSDK:
    Modules:
      TelemetryOptOut: true
      Session:
        DefaultS3Bucket: {bucket}
"""


@dataclass(frozen=True)
class ClientEnvironment:
    """What a client's process has to be started with: variables, and those that must not be set."""

    variables: Mapping[str, str]
    unset: tuple[str, ...]

    def as_shell(self) -> str:
        """Lines for ``eval`` in bash, zsh and their like."""
        exports = [f"export {name}={shlex.quote(value)}" for name, value in self.variables.items()]
        return "\n".join([*(f"unset {name}" for name in self.unset), *exports])

    def as_document(self) -> dict[str, object]:
        return {"Environment": dict(self.variables), "Unset": list(self.unset)}


def default_bucket(region: str) -> str:
    """The bucket that the SDK takes where none is named. Source: ``Session.default_bucket``."""
    return f"sagemaker-{region}-{ACCOUNT}"


def client_environment(
    settings: Settings, home: Home, environ: Mapping[str, str]
) -> ClientEnvironment:
    """What leads a client to the service of a home; ``environ`` is what it has now.

    No real credential is in it. With an object store of the user's own the credentials stay those
    of the client, who needs them there. The SDK's defaults are written into the home: it asks STS
    for the account by an address of its own, unless they name the bucket.
    """
    variables = {
        "AWS_ENDPOINT_URL": settings.endpoint,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_REGION": settings.region,
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(_write_sdk_defaults(settings.region, home)),
    }
    if settings.s3_endpoint is None:
        variables |= {
            "AWS_ACCESS_KEY_ID": settings.token or ANY_KEY,
            "AWS_SECRET_ACCESS_KEY": ANY_KEY,
            "AWS_SESSION_TOKEN": ANY_KEY,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }
    else:
        variables["AWS_ENDPOINT_URL_S3"] = settings.s3_endpoint
    for name in ("no_proxy", "NO_PROXY"):
        variables[name] = _with_host(environ.get(name, ""), settings)
    endpoints = {each for each in environ if each.startswith(_ENDPOINT)} - set(variables)
    elsewhere = _ELSEWHERE if settings.s3_endpoint is None else ()
    unset = (*elsewhere, *sorted(endpoints))
    return ClientEnvironment(variables, unset)


def _with_host(given: str, settings: Settings) -> str:
    """Hosts that no proxy is asked for, the service's among them."""
    host = settings.endpoint.removeprefix("http://").rpartition(":")[0].strip("[]")
    hosts = [each.strip() for each in given.split(",") if each.strip()]
    return ",".join(hosts if host in hosts or "*" in hosts else [*hosts, host])


def _write_sdk_defaults(region: str, home: Home) -> Path:
    folder = home.path / "service"
    folder.mkdir(exist_ok=True)
    path = folder / f"sagemaker-sdk-{region}.yaml"
    written = folder / f"{path.name}.partial"
    written.write_text(_SDK_DEFAULTS.format(bucket=default_bucket(region)))
    written.replace(path)
    return path
