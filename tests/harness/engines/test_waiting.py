"""Waiting for a process: with the kernel's word where it gives one, and without."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator

import pytest

from sm_container.harness.engines.waiting import wait_for


@pytest.fixture(params=["told by the kernel", "looking"])
def cat(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends when its standard input does."""
    if request.param == "looking":
        monkeypatch.delattr(os, "pidfd_open")
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        yield process


def close(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()


def test_none_while_it_runs_then_its_code(cat: subprocess.Popen[bytes]) -> None:
    assert wait_for(cat, 0) is None
    assert wait_for(cat, 0.05) is None
    close(cat)
    assert wait_for(cat, 30) == 0
    assert wait_for(cat, 0) == 0
    assert wait_for(cat) == 0


def test_a_signal_is_a_negative_code(cat: subprocess.Popen[bytes]) -> None:
    cat.send_signal(signal.SIGTERM)
    assert wait_for(cat, 30) == -signal.SIGTERM


def test_without_a_limit_it_waits_to_the_end(cat: subprocess.Popen[bytes]) -> None:
    threading.Timer(0.1, close, (cat,)).start()
    assert wait_for(cat) == 0


def test_a_kernel_that_refuses_is_done_without(
    cat: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(pid: int) -> int:
        raise OSError("not in this kernel")

    monkeypatch.setattr(os, "pidfd_open", refused, raising=False)
    assert wait_for(cat, 0.05) is None
    close(cat)
    assert wait_for(cat, 30) == 0


def test_no_descriptor_is_left(cat: subprocess.Popen[bytes]) -> None:
    before = os.listdir("/proc/self/fd")
    wait_for(cat, 0)
    assert os.listdir("/proc/self/fd") == before
