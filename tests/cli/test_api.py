"""The options of `api`, what it refuses, and the environment that it prints."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from tests.cli.conftest import Desk


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--host", "0.0.0.0"], "--host 0.0.0.0 can be reached from other machines"),
        (["--image", "algo"], "--image algo: write NAME=TARGET"),
        (["--image", "=x"], "--image =x: write NAME=TARGET"),
        (["--image", "algo:1=x:2"], "so write algo=x:2"),
        (["--image", "1.dkr.ecr.us-east-1.amazonaws.com/algo=x:2"], "so write algo=x:2"),
        (["--images", "full.yaml"], "so write algo=x:2"),
        (["--token", ""], "the token is sent as an access key"),
        (["--token", "a word"], "the token is sent as an access key"),
        (["--token", "a/word"], "the token is sent as an access key"),
        (["--s3-endpoint", "mine.example:9000"], "write a URL such as http://127.0.0.1:9000"),
        (["--s3-endpoint", "http://["], "write a URL such as http://127.0.0.1:9000"),
        (["--s3-root", ".", "--s3-endpoint", "http://x"], "exclude each other"),
        (["--print-env", "--port", "0"], "--print-env needs the port"),
        (["--s3-root", "a-file/below"], "name another folder with --s3-root"),
        (["--port", "70000"], "70000 is not in the range"),
        (["--jobs", "0"], "0 is not in the range"),
        (["--images", "images.yaml"], "images.yaml: must map names of images to targets"),
    ],
)
def test_what_cannot_be_served_is_said_in_a_line(desk: Desk, words: list[str], said: str) -> None:
    (desk.folder / "a-file").touch()
    (desk.folder / "images.yaml").write_text("algo: [1]\n")
    (desk.folder / "full.yaml").write_text("team/algo: x:2\n")
    done = desk.run("api", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = desk.run("api", "--port", str(port))
    assert done.returncode == 125
    assert (
        done.stderr == f"Error: cannot listen at 127.0.0.1:{port}: Address already in use; if that "
        "is a service of yours, use it or end it; else try --port 0\n"
    )


def test_an_address_of_elsewhere(desk: Desk) -> None:
    done = desk.run("api", "--host", "192.0.2.1", "--token", "a-word", "--port", "0")
    assert done.returncode == 125
    assert "--host must be an address of this machine" in done.stderr


def test_a_shell_is_set_up_by_what_is_printed(desk: Desk) -> None:
    desk.variables |= {
        "AWS_PROFILE": "mine",
        "AWS_ENDPOINT_URL_SAGEMAKER": "http://elsewhere.example",
        "NO_PROXY": "localhost, a.example",
        "SM_CONTAINER_API_TOKEN": 'it\'s-a-"token"-$HOME',
    }
    printed = desk.run("api", "--port", "1234", "--region", "eu-west-1", "--print-env")
    assert (printed.returncode, printed.stderr) == (0, "")
    shown = subprocess.run(
        ["bash", "-euc", 'eval "$1"; env -0', "bash", printed.stdout],
        env=desk.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found = dict(line.split("=", 1) for line in shown.stdout.split("\0") if line)
    assert found["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1234"
    assert found["AWS_REGION"] == found["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert found["AWS_ACCESS_KEY_ID"] == 'it\'s-a-"token"-$HOME'
    assert found["NO_PROXY"] == found["no_proxy"].replace(
        "127.0.0.1", "localhost,a.example,127.0.0.1"
    )
    assert not {"AWS_PROFILE", "AWS_ENDPOINT_URL_SAGEMAKER"} & set(found)
    defaults = yaml.safe_load(Path(found["SAGEMAKER_USER_CONFIG_OVERRIDE"]).read_text())
    assert defaults["SageMaker"]["PythonSDK"]["Modules"] == {
        "TelemetryOptOut": True,
        "Session": {"DefaultS3Bucket": "sagemaker-eu-west-1-000000000000"},
    }


def test_the_same_as_json(desk: Desk) -> None:
    desk.variables["AWS_ENDPOINT_URL_S3"] = "http://elsewhere.example"
    found = json.loads(desk.run("api", "--print-env", "--json").stdout)
    assert found["Endpoint"] == found["Environment"]["AWS_ENDPOINT_URL"] == "http://127.0.0.1:8430"
    assert found["Unset"] == [
        *("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL_S3")
    ]


def test_with_a_store_of_ones_own_the_credentials_stay(desk: Desk) -> None:
    words = ("--print-env", "--json", "--s3-endpoint", "http://mine.example")
    found = json.loads(desk.run("api", *words).stdout)["Environment"]
    assert found["AWS_ENDPOINT_URL_S3"] == "http://mine.example"
    assert not {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_CONFIG_FILE"} & set(found)


def started(desk: Desk, *words: str) -> subprocess.Popen[str]:
    return desk.start("api", "--port", "0", *words)


def test_it_says_where_it_is_and_ends_by_a_signal(desk: Desk) -> None:
    process = started(desk, "--region", "eu-west-1")
    assert process.stdout is not None
    assert process.stderr is not None
    endpoint = process.stdout.readline().strip()
    port = re.fullmatch(r"http://127\.0\.0\.1:(\d+)", endpoint)
    assert port is not None
    assert process.stderr.readline() == (
        f'set a shell up: eval "$(sm-container api --port {port[1]} --region eu-west-1 '
        '--print-env)"\n'
    )
    elsewhere = desk.run("api", "--port", "0")
    assert (elsewhere.returncode, "runs already" in elsewhere.stderr) == (125, True)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_only_the_token_opens(desk: Desk) -> None:
    process = started(desk, "--token", "a-word", "--host", "0.0.0.0", "--json")
    assert process.stdout is not None
    found = json.loads(process.stdout.readline())
    assert found["Environment"]["AWS_ACCESS_KEY_ID"] == "a-word"
    endpoint = found["Endpoint"]
    assert endpoint.startswith("http://127.0.0.1:")  # "all addresses" is none to call

    def client(name: str, key: str) -> Any:
        session: Any = boto3.Session(key, "any", region_name="us-east-1")
        return session.client(name, endpoint_url=endpoint)

    for name, call in [("sagemaker", "list_training_jobs"), ("s3", "list_buckets")]:
        getattr(client(name, "a-word"), call)()
        with pytest.raises(Exception, match="UnrecognizedClientException"):
            getattr(client(name, "another"), call)()
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0


def test_no_token_is_shown(desk: Desk) -> None:
    process = started(desk, "--token", "a-secret-word")
    assert process.stderr is not None
    said = process.stderr.readline()
    assert "a-secret-word" not in said
    assert "with the token in SM_CONTAINER_API_TOKEN: eval" in said
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
