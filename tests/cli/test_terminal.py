"""``run`` on a terminal: bars, colours, a shell to look around with."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from typing import Any

import pytest

_SECONDS = 60
_ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07)|\r")


class Terminal:
    """A command with a terminal of its own, as a person sees it."""

    def __init__(self, desk: Any, *words: str, **variables: str) -> None:
        self._side, other = os.openpty()
        self.seen = b""
        self.process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", sys.executable, "-m", "sm_container", *words],
            cwd=desk.folder,
            env={**desk.environment, "TERM": "xterm", **variables},
            stdin=other,
            stdout=other,
            stderr=other,
        )
        os.close(other)

    @property
    def text(self) -> str:
        return _ESCAPES.sub("", self.seen.decode())

    def await_text(self, text: str) -> None:
        deadline = time.monotonic() + _SECONDS
        while text not in self.text:
            if time.monotonic() > deadline or not self._read():
                pytest.fail(f"{text!r} never came; there was: {self.text}")

    def type(self, text: str) -> None:
        os.write(self._side, text.encode())

    def close(self) -> int:
        """Read to the end; the exit code."""
        while self._read():
            pass
        os.close(self._side)
        return self.process.wait(timeout=_SECONDS)

    def _read(self) -> bool:
        if not select.select([self._side], [], [], _SECONDS)[0]:
            return False
        try:
            chunk = os.read(self._side, 65536)
        except OSError:  # the other side is closed
            return False
        self.seen += chunk
        return bool(chunk)


@pytest.fixture
def channel(desk: Any) -> str:
    (desk.folder / "data").mkdir()
    (desk.folder / "data" / "a.csv").write_bytes(b"1,2\n" * 1000)
    return "train=data"


def test_bars_are_drawn_for_channels_and_the_model(desk: Any, channel: str) -> None:
    program = desk.program("algorithm", "echo from the program; echo x > /opt/ml/model/model")
    terminal = Terminal(desk, "run", program, "-c", channel)

    assert terminal.close() == 0
    lines = terminal.text.splitlines()
    assert any("train" in line and "━" in line for line in lines)
    assert any("model" in line and "━" in line for line in lines)
    assert "from the program" in lines  # on a line of its own, no bar mixed in
    assert b"\x1b[" in terminal.seen


def test_no_colour_where_none_is_wanted(desk: Any) -> None:
    program = desk.program("algorithm", "echo from the program")
    terminal = Terminal(desk, "run", program, NO_COLOR="1")

    assert terminal.close() == 0
    assert re.search(rb"\x1b\[[0-9;]*m", terminal.seen) is None


def test_a_shell_in_place_of_the_program(desk: Any, channel: str) -> None:
    program = desk.program("algorithm", "echo never")
    terminal = Terminal(desk, "run", program, "-c", channel, "--shell", "-p", "eta=0.3", PS1="$ ")

    terminal.await_text("Training in progress.")
    terminal.type("ls /opt/ml/input/data/train; cat /opt/ml/input/config/hyperparameters.json\n")
    terminal.await_text('{"eta":"0.3"}')
    terminal.type("sleep 60\n")
    terminal.type("\x03")  # Ctrl-C ends what runs in the shell, neither the shell nor the job
    terminal.type("echo model > /opt/ml/model/model; echo still $((40 + 2)) here\n")
    terminal.await_text("still 42 here")
    terminal.type("exit 0\n")

    assert terminal.close() == 0
    assert "a.csv" in terminal.text
    assert "never" not in terminal.text
    assert "Traceback" not in terminal.text
    assert "Completed after" in terminal.text


def test_the_table_of_jobs_fits_the_terminal(desk: Any) -> None:
    program = desk.program("a-program-with-a-name-that-goes-on-and-on", "true")
    desk.run("run", program, "--name", "wide")
    terminal = Terminal(desk, "ps", "--all", COLUMNS="70")

    assert terminal.close() == 0
    lines = terminal.text.splitlines()
    assert lines[0].split() == ["NAME", "STATUS", "CREATED", "TRAINED", "ENGINE", "TARGET"]
    assert all(len(line) <= 70 for line in lines)
    assert lines[1].endswith("on-and-on")


def test_where_there_is_no_room_targets_are_left_out(desk: Any) -> None:
    program = desk.program("a-program", "true")
    desk.run("run", program, "--name", "a-job-with-a-name-that-takes-all-the-room")
    terminal = Terminal(desk, "ps", "--all", COLUMNS="90")

    assert terminal.close() == 0
    lines = terminal.text.splitlines()
    assert lines[0].split() == ["NAME", "STATUS", "CREATED", "TRAINED", "ENGINE"]
    assert lines[1].endswith("process")


def test_the_last_words_are_cut_at_blanks(desk: Any) -> None:
    terminal = Terminal(desk, "run", desk.program("a-program", "exit 3"), COLUMNS="60")

    assert terminal.close() == 3
    lines = terminal.text.splitlines()
    words = lines[next(i for i, line in enumerate(lines) if "not simulated" in line) :]
    assert len(words[0]) <= 60
    assert words[1].startswith(" " * 17)
