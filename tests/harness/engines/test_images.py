from __future__ import annotations

import re
from pathlib import Path

import pytest
from engine_fixtures import executable

from sm_container.harness.engines.client import Client, CommandError, Dialect
from sm_container.harness.engines.images import digest

REGISTRY = f"sha256:{'a' * 64}"
OWN = "b" * 64


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (f'["local/algo@{REGISTRY}"] sha256:{OWN}', REGISTRY),
        (f'["local/algo@{REGISTRY}","other@sha256:0"] {OWN}', REGISTRY),
        (f"[] sha256:{OWN}", f"sha256:{OWN}"),
        (f"null {OWN}", f"sha256:{OWN}"),
    ],
    ids=["docker", "podman", "docker, built here", "podman, built here"],
)
def test_digest(tmp_path: Path, said: str, found: str) -> None:
    program = executable(tmp_path / "engine", f"echo '{said}'")
    assert digest(Client(Dialect.DOCKER, str(program)), "algo:1") == found


@pytest.mark.container
@pytest.mark.parametrize("engine_client", ["podman_client", "docker_client"])
def test_digest_of_a_real_image(
    request: pytest.FixtureRequest, base_image: str, engine_client: str
) -> None:
    client: Client = request.getfixturevalue(engine_client)
    assert re.fullmatch("sha256:[0-9a-f]{64}", digest(client, base_image))
    with pytest.raises(CommandError):
        digest(client, "localhost/no-such-image:1")
