"""Secrets in an image's variables and in the steps that made it."""

from __future__ import annotations

import pytest

from sm_container.testing.certify.secrets import has_secret, secret_variables

# Of the official Python image, among others.
HARMLESS = {
    "PATH": "/usr/local/bin:/usr/bin",
    "GPG_KEY": "A035C8C19219BA821ECEA86B64E628F8D684696D",
    "PYTHON_SHA256": "bfb249609990220491a1b92850a07135ed0831e41738cf681d63cf01b2a8fbd1",
    "NVIDIA_REQUIRE_CUDA": "cuda>=11.4 brand=tesla,driver>=450",
    "AWS_SHARED_CREDENTIALS_FILE": "/run/secrets/aws",
    "HF_TOKEN": "",
    "TOKENIZERS_PARALLELISM": "false",
    "max_tokens": "100",
}


def test_variables() -> None:
    found = {
        **HARMLESS,
        "WANDB_API_KEY": "0123456789abcdef",
        "NOTE": "AKIAIOSFODNN7EXAMPLE",
        "INDEX": "https://me:hunter2@example.com/simple",
    }
    assert secret_variables(found) == ["WANDB_API_KEY", "NOTE", "INDEX"]


@pytest.mark.parametrize(
    "command",
    [
        "|1 PIP_TOKEN=0123abcd /bin/sh -c pip install private",
        "ENV DB_PASSWORD=hunter2",
        "/bin/sh -c tool --password=hunter2 fetch",
        "/bin/sh -c tool --api-key 0123abcd fetch",
        "/bin/sh -c curl https://me:hunter2@example.com/file",
        'CMD ["train" "--secret=abc"]',
    ],
)
def test_a_secret_in_a_step(command: str) -> None:
    assert has_secret(command)


@pytest.mark.parametrize(
    "command",
    [
        "RUN --mount=type=secret,id=token /bin/sh -c TOKEN=$(cat /run/secrets/token) pip install x",
        "/bin/sh -c pip install --index-url https://me:${PIP_TOKEN}@example.com/simple private",
        "/bin/sh -c tool --password=$PASSWORD fetch",
        "/bin/sh -c tool --password-file=/run/secrets/p fetch",
        "ENV HF_TOKEN=",
        "ARG PIP_TOKEN",
        "/bin/sh -c apt-key add /tmp/key.gpg && apt-get update",
        '/bin/sh -c set -eux; savedAptMark="$(apt-mark showmanual)"; gpg --recv-keys "$GPG_KEY"',
        "COPY --chown=1000:1000 train.py /opt/program/ # buildkit",
    ],
)
def test_no_secret_in_a_step(command: str) -> None:
    assert not has_secret(command)
