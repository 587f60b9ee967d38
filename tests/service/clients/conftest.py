"""Clients as they are released, each in a process and a venv of its own, led here by their
environment."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import HOSTILE_NAME
from tests.service.conftest import Service

_SECONDS = 300
_KEPT = ("PATH", "HOME", "LANG", "TMPDIR")

READER = '''#!{python}
"""Counts the bytes of its channels, each in its input mode, and trains until it is to stop."""
import json, os, signal, sys, time
base = os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml")
config = f"{{base}}/input/config"
given = json.load(open(f"{{config}}/hyperparameters.json"))
channels = json.load(open(f"{{config}}/inputdataconfig.json"))
hosts = json.load(open(f"{{config}}/resourceconfig.json"))
stopped = []
signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
for name, channel in channels.items():
    folder = f"{{base}}/input/data/{{name}}"
    mode = channel["TrainingInputMode"]
    if mode == "Pipe":
        size = len(open(folder + "_0", "rb").read())
    else:
        size = sum(os.path.getsize(os.path.join(folder, each)) for each in os.listdir(folder))
    print(f"{{hosts['current_host']}} read {{size}} bytes of {{name}} in {{mode}} mode", flush=True)
os.makedirs(f"{{base}}/checkpoints", exist_ok=True)
open(f"{{base}}/checkpoints/{{hosts['current_host']}}", "w").write("a checkpoint")
for epoch in range(int(given.get("epochs", "3"))):
    print(f"epoch {{epoch}}: train:rmse={{1 / (epoch + 1)}}", flush=True)
    time.sleep(float(given.get("pause", "0")))
    if stopped:
        break
open(f"{{base}}/model/{{hosts['current_host']}}.txt", "w").write(f"trained for {{epoch + 1}}")
'''


@dataclass(frozen=True)
class Client:
    """Runs programs with the service's environment, and with nothing of this machine's."""

    service: Service
    folder: Path
    proxy: str
    tried: list[str]

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        proxies = dict.fromkeys(
            ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), self.proxy
        )
        return {**kept, **proxies, **(self.service.environment or {})}

    def start(self, *command: str | Path, **variables: str) -> subprocess.Popen[str]:
        """A command that goes on; what it says is for who started it to read."""
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env={**self.environment, "PYTHONUNBUFFERED": "1", **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *command: str | Path, code: int = 0) -> str:
        """What a command says; it has to end with this code."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
        assert done.returncode == code, done.stdout + done.stderr + self.service.log.read_text()
        return done.stdout + done.stderr


@contextmanager
def proxy() -> Iterator[tuple[str, list[str]]]:
    """The address of a proxy that lets nothing through, and what it was asked for."""
    tried: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse() -> None:
            while True:
                connection, _ = listening.accept()
                with connection:
                    asked = connection.recv(1 << 16).partition(b"\r\n")[0].decode("latin-1")
                    if not asked:
                        return
                    tried.append(asked)
                    connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=refuse)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}", tried
        finally:
            socket.create_connection(listening.getsockname()).close()
            thread.join()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Clients of a service whose image ``algo`` is READER; none may try to reach anything else."""
    folder = tmp_path_factory.mktemp("clients") / HOSTILE_NAME
    (folder / "s3" / "bucket" / "train").mkdir(parents=True)
    (folder / "s3" / "bucket" / "train" / "part-1.csv").write_text("1,2\n3,4\n")
    (folder / "work").mkdir()
    service = Service(folder, ("--jobs", "4"))
    (folder / "train.py").write_text(READER.format(python=sys.executable))
    (folder / "train.py").chmod(0o755)
    service.start()
    try:
        with proxy() as (address, tried):
            yield Client(service, folder / "work", address, tried)
            assert tried == []
    finally:
        service.stop()
