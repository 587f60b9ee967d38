from __future__ import annotations

import logging
import math
import os
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from sm_container.contract.metrics import MetricDefinition, definition_for
from sm_container.runtime.metrics import MetricLog


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    path = tmp_path / "log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    yield descriptor, path
    os.close(descriptor)


def test_one_line_for_each_value(log_file: tuple[int, Path]) -> None:
    descriptor, path = log_file
    metrics = MetricLog(descriptor=descriptor)
    metrics.log({"validation:rmse": 0.5, "ü x": math.nan}, step=3, loss=math.inf)
    metrics.log(loss=1)
    assert path.read_text() == (
        "[metric] validation:rmse=0.5 step=3\n"
        "[metric] %C3%BC%20x=nan step=3\n"
        "[metric] loss=inf step=3\n"
        "[metric] loss=1.0\n"
    )


def test_nothing_is_written_of_a_set_with_a_fault(log_file: tuple[int, Path]) -> None:
    descriptor, path = log_file
    metrics = MetricLog(descriptor=descriptor)
    with pytest.raises(TypeError, match="'b'"):
        metrics.log({"a": 1.0, "b": "x"}, step=1)  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="1 to 255 characters"):
        metrics.log({"a": 1.0, "": 1.0})
    assert path.read_text() == ""


def test_a_metric_that_the_service_would_not_see_is_said_once(
    log_file: tuple[int, Path], caplog: pytest.LogCaptureFixture
) -> None:
    metrics = MetricLog(
        [definition_for("declared"), MetricDefinition("own", "own is (.*)")], log_file[0]
    )
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            metrics.log(declared=1.0, undeclared=1.0, own=1.0)
    assert [record.getMessage() for record in caplog.records] == [
        "metric undeclared is in the log only: declare it with Metric() and the service will "
        "pick it up",
        "metric own is in the log only: its own regex does not match the lines of metrics.log",
    ]


THREADS_AND_FORKS = """
import os, sys, threading
from sm_container.runtime.metrics import MetricLog

metrics = MetricLog()

def work(who):
    for step in range(200):
        metrics.log({f"worker/{who}": step}, step=step)

def threads(first):
    workers = [threading.Thread(target=work, args=(first + n,)) for n in range(4)]
    for worker in workers: worker.start()
    for worker in workers: worker.join()

busy = threading.Thread(target=work, args=(99,))
busy.start()
children = []
for child in range(3):
    pid = os.fork()
    if pid == 0:
        threads(child * 10)
        os._exit(0)
    children.append(pid)
threads(50)
busy.join()
sys.exit(any(os.waitpid(pid, 0)[1] for pid in children))
"""


def test_lines_of_threads_and_forked_processes_never_mix() -> None:
    done = subprocess.run(
        [sys.executable, "-c", THREADS_AND_FORKS], stdout=subprocess.PIPE, text=True, check=True
    )
    seen = Counter()  # type: Counter[str]
    for line in done.stdout.splitlines():
        match = re.fullmatch(r"\[metric\] worker/(\d+)=(\d+)\.0 step=(\d+)", line)
        assert match, line
        assert match[2] == match[3]
        seen[match[1]] += 1
    assert len(seen) == 17
    assert set(seen.values()) == {200}


def test_what_was_printed_before_stands_before() -> None:
    program = (
        "from sm_container.runtime.metrics import MetricLog\n"
        "print('one'); MetricLog().log(m=1); print('two'); MetricLog().log(m=2)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout.splitlines() == ["one", "[metric] m=1.0", "two", "[metric] m=2.0"]


def test_a_full_pipe_that_somebody_made_non_blocking_is_waited_for() -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    metrics = MetricLog(descriptor=write)
    lines = 5000

    def report() -> None:
        for step in range(lines):
            metrics.log(m=step)
        os.close(write)

    reporter = threading.Thread(target=report)
    reporter.start()
    with open(read) as log:
        assert sum(1 for _ in log) == lines
    reporter.join()
