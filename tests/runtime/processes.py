"""Real ``sm-train`` processes on a real tree, and ways to wait for them without sleeping."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sm_container.contract.layout import Layout

DEADLINE = 60.0
SM_TRAIN = (sys.executable, "-m", "sm_container.runtime.supervisor")


def wait_until(holds: Callable[[], object], what: str) -> None:
    """Wait until something holds; a deadline makes a hang a failure that says what."""
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.005)


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except FileNotFoundError:
        return False
    return stat.rpartition(b")")[2].split()[0] not in (b"Z", b"X")


def end(process: subprocess.Popen[bytes]) -> None:
    """End a supervisor that a failed test left, and the program below it."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    with suppress(FileNotFoundError, ProcessLookupError):
        for pid in children.read_text().split():
            os.kill(int(pid), signal.SIGKILL)
    process.kill()
    process.wait(DEADLINE)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def write_wheel(path: Path) -> None:
    """The smallest wheel that pip installs: a module brought with a VALUE."""
    about = "Metadata-Version: 2.1\nName: brought\nVersion: 1\n"
    built = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("brought.py", "VALUE = 42\n")
        wheel.writestr("brought-1.dist-info/METADATA", about)
        wheel.writestr("brought-1.dist-info/WHEEL", built)
        wheel.writestr("brought-1.dist-info/RECORD", "")


@dataclass
class Tree:
    """A ``/opt/ml`` in a folder with a hostile name, and ``sm-train`` on it."""

    layout: Layout
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def configure(
        self,
        hyperparameters: Mapping[str, str] | None = None,
        channels: Mapping[str, Any] | None = None,
        resources: Mapping[str, Any] | None = None,
    ) -> None:
        documents = {
            self.layout.hyperparameters: hyperparameters or {},
            self.layout.input_data_config: channels or {},
            self.layout.resource_config: resources
            or {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth0"},
        }
        for path, document in documents.items():
            path.write_text(json.dumps(document))

    def write_code(self, name: str, text: str) -> Path:
        path = self.layout.code / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def environ(self, **variables: str) -> dict[str, str]:
        kept_out = ("SM_", "SAGEMAKER_", "AWS_", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE")
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(kept_out)
        }
        base = {"SAGEMAKER_BASE_DIR": str(self.layout.base)}
        return {**inherited, **base, **variables}

    def start(
        self, *arguments: str, before: tuple[str, ...] = (), variables: Any = None, **popen: Any
    ) -> subprocess.Popen[bytes]:
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen(
            [*before, *SM_TRAIN, *arguments],
            env=self.environ(**(variables or {})),
            **{**streams, **popen},
        )
        self.started.append(process)
        return process

    def run(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
        process = self.start(*arguments, **options)
        stdout, stderr = process.communicate(timeout=DEADLINE)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def failure(self) -> str:
        return self.layout.failure.read_text(encoding="utf-8")


@contextmanager
def configured_tree(folder: Path) -> Iterator[Tree]:
    """A configured tree in a folder; whatever was started on it is gone afterwards."""
    tree = Tree(Layout(folder / "opt ml"))
    tree.layout.create()
    tree.layout.code.mkdir()
    tree.configure()
    yield tree
    for process in tree.started:
        end(process)
