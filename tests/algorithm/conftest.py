"""Real algorithms under ``sm-train``, to which a stop comes."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent, indent

import pytest

from tests.runtime.processes import DEADLINE, Tree, configured_tree, wait_until

PROGRAM = """
import ctypes, multiprocessing, os, queue, signal, subprocess, sys, threading, time
import sm_container as sm

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

def ready():
    say("ready", os.getpid())

def write_slowly(folder):
    (folder / "half").write_text("1")
    ready()
    sys.stdin.readline()
    (folder / "half").rename(folder / "whole")

def wait_in_c():
    # No signal leaves it, until there is a line.
    library, mutex = ctypes.CDLL(None), ctypes.create_string_buffer(64)
    library.pthread_mutex_lock(mutex)
    def let_go():
        sys.stdin.readline()
        library.pthread_mutex_unlock(mutex)
    threading.Thread(target=let_go).start()
    ready()
    library.pthread_mutex_lock(mutex)

algorithm = sm.Algorithm("stops", on_stop=sm.OnStop.{policy})

@algorithm.train
def train(job):
    @job.stop.callback
    def save():
        say("called", threading.current_thread() is threading.main_thread())
{body}

if __name__ == "__main__":
    algorithm.main()
"""
CALLED = "called True"


class Training:
    """One program under ``sm-train``, and what it does."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    def start(
        self,
        body: str,
        policy: str = "COOPERATE",
        seconds: float = 120,
        begin: str = "",
        command: tuple[str, ...] = (),
        **more: str,
    ) -> None:
        text = begin + PROGRAM.format(policy=policy, body=indent(dedent(body), "    "))
        path = self.tree.write_code("train.py", text)
        variables = {"SM_CONTAINER_STOP_SECONDS": str(seconds)}
        self.process = self.tree.start(
            *(command or ("--", sys.executable, str(path))),
            variables={**variables, **more},
            stdin=subprocess.PIPE,
        )

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode().rstrip("\n")

    def is_ready(self) -> int:
        """Wait until the program has said so and sleeps; its process id."""
        word, pid = self.line().split()
        assert word == "ready"
        wait_until(lambda: state(int(pid)) == "S", "the program to block")
        return int(pid)

    def tell(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def end(self) -> tuple[int, list[str]]:
        """The exit code, and the lines that were not read yet; the log is in ``log``."""
        self.process.wait(DEADLINE)  # its input stays open until then
        out, err = self.process.communicate(timeout=DEADLINE)
        self.log = err.decode()
        return self.process.returncode, out.decode().splitlines()

    @property
    def model(self) -> list[str]:
        return sorted(path.name for path in self.tree.layout.model.iterdir())

    @property
    def has_failed(self) -> bool:
        return self.tree.layout.failure.exists()


def state(pid: int) -> str:
    """What a process does: R runs, S sleeps."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture
def tree(hostile_tmp_path: Path) -> Iterator[Tree]:
    with configured_tree(hostile_tmp_path) as tree:
        yield tree


@pytest.fixture
def training(tree: Tree) -> Training:
    return Training(tree)
