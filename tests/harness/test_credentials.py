"""Credentials, from the person at the desk to a real SDK in a program and in a container."""

from __future__ import annotations

import datetime
import fcntl
import http.client
import json
import os
import re
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_fixtures import Runner, executable

from sm_container.harness.credentials.choice import (
    CredentialsChoice,
    CredentialsError,
    CredentialsKind,
)
from sm_container.harness.credentials.endpoint import CredentialsEndpoint
from sm_container.harness.credentials.serve import serve_credentials
from sm_container.harness.credentials.source import Credentials, open_source
from sm_container.harness.engines.client import Client, Dialect
from sm_container.harness.engines.container import ContainerEngine
from sm_container.harness.engines.engine import ImageTarget, Mount, Network, ProgramTarget
from sm_container.harness.engines.process import ProcessEngine
from sm_container.harness.store.home import Home

ENVIRONMENT = CredentialsChoice(CredentialsKind.ENVIRONMENT)
ASK_BOTO3 = (
    "import boto3\n"
    "c = boto3.Session().get_credentials()\n"
    "print(c.method, *c.get_frozen_credentials()[:3])\n"
)
ASK_HTTP = (
    "import json, os, urllib.request\n"
    "uri = os.environ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI']\n"
    "answer = json.load(urllib.request.urlopen('http://169.254.170.2' + uri, timeout=20))\n"
    "print(answer['AccessKeyId'], answer['SecretAccessKey'], answer['Token'])\n"
)


@pytest.fixture(autouse=True)
def desk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A desk with credentials in its environment, and others in two profiles."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    provider = executable(
        tmp_path / "provider",
        "date +%s%N >> calls; "
        'echo \'{"Version": 1, "AccessKeyId": "AKIDPROC", "SecretAccessKey": "s", '
        '"SessionToken": "t", "Expiration": "2100-01-01T00:00:00Z"}\'',
    )
    (tmp_path / "credentials").write_text(
        "[team]\naws_access_key_id = AKIDTEAM\naws_secret_access_key = team-secret\n"
    )
    (tmp_path / "config").write_text(
        f"[profile process]\ncredential_process = {provider}\n[profile empty]\nregion = x\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "env-secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "env-token")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("none", CredentialsChoice()),
        ("env", ENVIRONMENT),
        ("profile=a=b", CredentialsChoice(CredentialsKind.PROFILE, "a=b")),
    ],
)
def test_choices(text: str, choice: CredentialsChoice) -> None:
    assert CredentialsChoice.parse(text) == choice


@pytest.mark.parametrize("text", ["", "profile", "profile=", "Env", "None", "role=x"])
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(CredentialsError, match="choose none, env or profile=NAME"):
        CredentialsChoice.parse(text)


def test_credentials_of_the_environment() -> None:
    given = open_source(ENVIRONMENT)()
    assert (given.access_key, given.secret_key, given.token) == (
        "AKIDENV",
        "env-secret",
        "env-token",
    )
    left = given.expiration - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(minutes=59) < left <= datetime.timedelta(hours=1)


def test_credentials_of_a_profile_are_not_those_of_the_environment() -> None:
    given = open_source(CredentialsChoice.parse("profile=team"))()
    assert (given.access_key, given.secret_key, given.token) == ("AKIDTEAM", "team-secret", "")


def test_credentials_that_expire_are_refreshed(desk: Path) -> None:
    text = (desk / "provider").read_text()
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=7)
    (desk / "provider").write_text(text.replace("2100-01-01T00:00:00Z", soon.isoformat()))
    source = open_source(CredentialsChoice.parse("profile=process"))
    first = source()
    calls = (desk / "calls").read_text().count("\n")
    assert first.token == "t"
    assert first.expiration <= soon
    source()
    assert (desk / "calls").read_text().count("\n") > calls


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("profile=nobody", r"no credentials from the profile 'nobody'.*could not be found"),
        ("profile=empty", "the profile 'empty' gives no credentials; log in"),
    ],
)
def test_missing_credentials_are_told_at_once(text: str, message: str) -> None:
    with pytest.raises(CredentialsError, match=message):
        open_source(CredentialsChoice.parse(text))


def test_empty_and_half_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(CredentialsError, match="no credentials from the environment: Partial"):
        open_source(ENVIRONMENT)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(CredentialsError, match="the environment has no AWS_ACCESS_KEY_ID"):
        open_source(ENVIRONMENT)


def test_secrets_are_not_shown() -> None:
    shown = repr(open_source(ENVIRONMENT)())
    assert "AKIDENV" in shown
    assert "env-secret" not in shown
    assert "env-token" not in shown


def ask(uri: str, token: str | None = None) -> tuple[int, dict[str, str]]:
    request = urllib.request.Request(uri, headers={"Authorization": token} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)


def test_endpoint_answers_at_its_path_with_its_token(capfd: pytest.CaptureFixture[str]) -> None:
    endpoint = CredentialsEndpoint("127.0.0.1", 0, open_source(ENVIRONMENT), wants_token=True)
    with endpoint.serving():
        uri = endpoint.full_environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        token = endpoint.full_environment["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
        status, document = ask(uri, token)
        assert status == 200
        assert document["AccessKeyId"] == "AKIDENV"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["Expiration"])
        for address, key in (
            (uri, None),
            (uri, token + "x"),
            (uri, "é"),
            (uri + "/", token),
            (uri.rpartition("/")[0], token),
            (uri + "?x", token),
        ):
            assert ask(address, key and key.encode().decode("latin-1"))[0] == 404
        assert endpoint.relative_environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] in uri
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(uri, timeout=5)
    assert capfd.readouterr() == ("", "")


def test_endpoint_survives_a_source_that_fails() -> None:
    def fail() -> Credentials:
        raise RuntimeError("the secret is 4711")

    endpoint = CredentialsEndpoint("127.0.0.1", 0, fail, wants_token=False)
    with endpoint.serving():
        connection = http.client.HTTPConnection("127.0.0.1", endpoint.server_port, timeout=10)
        connection.request("GET", endpoint.path)
        answer = connection.getresponse()
        assert answer.status == 500
        assert json.load(answer) == {"code": "CredentialsError", "message": "RuntimeError"}
        connection.close()


@pytest.fixture
def process_runner(process_engine: ProcessEngine, home: Home, tree: Path) -> Runner:
    return Runner(process_engine, home, tree, ProgramTarget(Path("/bin/true")))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("env", "container-role AKIDENV env-secret env-token"),
        ("profile=team", "container-role AKIDTEAM team-secret "),
        ("none", ""),
    ],
)
def test_sdk_in_a_program_gets_them(process_runner: Runner, text: str, expected: str) -> None:
    choice = CredentialsChoice.parse(text)
    script = (
        ASK_BOTO3
        if text != "none"
        else "import boto3; assert not boto3.Session().get_credentials()"
    )
    assert process_runner.target is not None
    with serve_credentials(choice, process_runner.engine, process_runner.target) as served:
        assert served.network is None
        done = process_runner.run(
            sys.executable,
            "-c",
            script,
            environment=served.environment,
            network=Network.default(),
        )
    assert done.exit.code == 0, done.err
    assert done.out.decode().rstrip("\n") == expected


def test_isolated_job_gets_none(process_runner: Runner) -> None:
    assert process_runner.target is not None
    with (
        pytest.raises(CredentialsError, match="network isolation gets no credentials"),
        serve_credentials(ENVIRONMENT, process_runner.engine, process_runner.target, isolated=True),
    ):
        raise AssertionError


@pytest.fixture
def alone() -> Iterator[None]:
    """The address is one for the whole machine: so is its use by these tests, in all processes."""
    with open(Path(tempfile.gettempdir()) / "sm-container-test-credentials.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.mark.container
@pytest.mark.usefixtures("alone")
def test_program_in_a_container_gets_them(
    container_runner: Runner, container_engine: ContainerEngine, base_image: str
) -> None:
    assert container_runner.target is not None
    with serve_credentials(ENVIRONMENT, container_engine, container_runner.target) as served:
        assert served.network is not None
        done = container_runner.run(
            "python3", "-c", ASK_HTTP, environment=served.environment, network=served.network
        )
        assert done.out == b"AKIDENV env-secret env-token\n", done.err
        for container in container_runner.made:
            container.remove()
    names = container_engine.client.run("network", "ls", "--format", "{{.Name}}").split()
    assert "sm-container-credentials" not in names


@pytest.mark.container
@pytest.mark.usefixtures("alone")
def test_sdk_in_a_container_gets_them(
    container_runner: Runner, container_engine: ContainerEngine, sdk_folder: Path
) -> None:
    assert container_runner.target is not None
    with serve_credentials(ENVIRONMENT, container_engine, container_runner.target) as served:
        done = container_runner.run(
            "python3",
            "-c",
            ASK_BOTO3,
            environment={**served.environment, "PYTHONPATH": "/sdk"},
            network=served.network,
            mounts=(Mount(sdk_folder, "/sdk", read_only=True),),
        )
        assert done.out == b"container-role AKIDENV env-secret env-token\n", done.err
        for container in container_runner.made:
            container.remove()


@pytest.mark.container
@pytest.mark.usefixtures("alone")
def test_two_jobs_at_once(
    container_runner: Runner, container_engine: ContainerEngine, sdk_folder: Path
) -> None:
    target = container_runner.target
    assert target is not None
    team = CredentialsChoice.parse("profile=team")
    with (
        serve_credentials(ENVIRONMENT, container_engine, target) as first,
        serve_credentials(team, container_engine, target) as second,
    ):
        assert "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" in first.environment
        assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" in second.environment
        for served, key in ((first, b"AKIDENV"), (second, b"AKIDTEAM")):
            done = container_runner.run(
                "python3",
                "-c",
                ASK_BOTO3,
                environment={**served.environment, "PYTHONPATH": "/sdk"},
                network=served.network,
                mounts=(Mount(sdk_folder, "/sdk", read_only=True),),
            )
            assert key in done.out, done.err
        for container in container_runner.made:
            container.remove()


@pytest.fixture
def sdk_folder() -> Path:
    """boto3 as it is installed here: pure Python, so that any container's Python runs it."""
    import boto3

    return Path(boto3.__file__).parent.parent


@pytest.mark.container
@pytest.mark.usefixtures("alone")
def test_engine_whose_networks_are_elsewhere_is_refused(
    home: Home, notes: list[str], base_image: str, podman_socket: str, tmp_path: Path
) -> None:
    """A podman in a network namespace of its own, as in a virtual machine, or without root."""
    wrapper = executable(tmp_path / "bin" / "podman", 'exec unshare --net podman "$@"')
    engine = ContainerEngine(Client(Dialect.PODMAN, str(wrapper)), home, notes.append)
    with (
        pytest.raises(CredentialsError, match=r"cannot reach this machine at 169\.254\.170\.2"),
        serve_credentials(ENVIRONMENT, engine, ImageTarget(base_image)),
    ):
        raise AssertionError
