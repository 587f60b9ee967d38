"""A stop by a real engine: the program's supervisor is PID 1, whatever the entry point."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from sm_container.contract.layout import Layout
from tests.runtime.processes import DEADLINE, Tree

pytestmark = pytest.mark.container

PROGRAM = """
import os, signal, time
import sm_container as sm

algorithm = sm.Algorithm("stops", on_stop=sm.OnStop.{policy})

@algorithm.train
def train(job):
    job.stop.callback(lambda: print("called", flush=True))
    print("ready, below", os.getppid(), flush=True)
    {body}
    job.save_model(lambda folder: (folder / "saved").write_text("1"))

if __name__ == "__main__":
    algorithm.main()
"""
PROGRAM_ENTRY = ("--env", "SAGEMAKER_PROGRAM=train.py")
MAIN_ENTRY = ("--entrypoint", '["python3", "/opt/ml/code/train.py"]')


class Containers:
    def __init__(self, image: str, layout: Layout) -> None:
        self.layout = layout
        self._image = image
        self._name = f"sm-stop-{uuid.uuid4().hex[:12]}"

    def stopped(
        self, body: str, policy: str, entry: tuple[str, ...], seconds: int = 60
    ) -> tuple[int, list[str], str]:
        """Train until ready and stop; the exit code, the output after "ready", and the log."""
        text = PROGRAM.format(body=body, policy=policy)
        (self.layout.code / "train.py").write_text(text)
        command = [
            *("podman", "run", "--name", self._name, "--network", "none", *entry),
            *("--volume", f"{self.layout.base}:/opt/ml"),
            *("--env", f"SM_CONTAINER_STOP_SECONDS={seconds}", self._image, "train"),
        ]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
            assert process.stdout is not None
            if (first := process.stdout.readline()) != "ready, below 1\n":
                pytest.fail(first + process.communicate(timeout=DEADLINE)[1])
            stop = ["podman", "stop", "--time", str(seconds), self._name]
            subprocess.run(stop, check=True, capture_output=True)
            out, err = process.communicate(timeout=DEADLINE)
        return process.returncode, out.splitlines(), err

    def remove(self) -> None:
        subprocess.run(["podman", "rm", "--force", "--time", "0", self._name], capture_output=True)


@pytest.fixture
def containers(library_image: str, tmp_path: Path) -> Iterator[Containers]:
    layout = Layout(tmp_path / "ml")
    layout.create()
    layout.code.mkdir()
    Tree(layout).configure()
    made = Containers(library_image, layout)
    yield made
    made.remove()


@pytest.mark.parametrize("entry", [PROGRAM_ENTRY, MAIN_ENTRY], ids=["sm-train", "main"])
def test_one_that_cooperates(containers: Containers, entry: tuple[str, ...]) -> None:
    done = containers.stopped("while not job.stop.wait(60): pass", "COOPERATE", entry)
    assert done[:2] == (0, ["called"]), done[2]
    assert (containers.layout.model / "saved").exists()
    assert not containers.layout.failure.exists()


@pytest.mark.parametrize("entry", [PROGRAM_ENTRY, MAIN_ENTRY], ids=["sm-train", "main"])
def test_one_that_is_raised_out_of_its_sleep(
    containers: Containers, entry: tuple[str, ...]
) -> None:
    done = containers.stopped("time.sleep(600)", "RAISE", entry)
    assert done[:2] == (0, ["called"]), done[2]
    assert not (containers.layout.model / "saved").exists()


def test_one_that_never_looks_is_ended_before_the_engine_would(containers: Containers) -> None:
    code, lines, log = containers.stopped("time.sleep(600)", "COOPERATE", PROGRAM_ENTRY, 6)
    assert (code, lines) == (137, [])
    assert "the program still ran 5.5 s after SIGTERM, and was ended by SIGKILL" in log
    assert not containers.layout.failure.exists()
