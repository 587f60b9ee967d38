"""The variables of a program that the process engine runs: few of this machine's, as in an image.

What a container would not see, a program does not see either, so that it does not come to depend
on it; and no credentials of the person at the desk reach it unasked.
"""

from __future__ import annotations

from collections.abc import Mapping

from sm_container.harness.engines.engine import ContainerSpec

# What an image sets by itself, and what a program needs to reach anything from this machine.
_KEPT = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TERM", "TMPDIR"),
        *("LD_LIBRARY_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "CUDA_HOME", "CUDA_VISIBLE_DEVICES"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT"),
        *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"),
    }
)
_KEPT_PREFIX = "LC_"

# The SDKs look for credentials in these files and at the machine's metadata before, or after,
# they ask the endpoint that the platform names.
_NO_CREDENTIALS = {
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def program_environment(
    spec: ContainerSpec, program: Mapping[str, str], host: Mapping[str, str]
) -> dict[str, str]:
    """All variables of a program: this machine's, then the program's, the platform's and the
    request's, the later winning."""
    kept = {
        name: value
        for name, value in host.items()
        if name in _KEPT or name.startswith(_KEPT_PREFIX)
    }
    return {**kept, **_NO_CREDENTIALS, **program, **spec.environment}
