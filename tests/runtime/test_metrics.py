from __future__ import annotations

import logging
import math
import os
import pickle
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
    lines = 5000

    def report() -> None:
        metrics = MetricLog(descriptor=write)
        os.close(write)
        for step in range(lines):
            metrics.log(m=step)

    reporter = threading.Thread(target=report)
    reporter.start()
    with open(read) as log:
        assert sum(1 for _ in log) == lines
    reporter.join()


EVERY_KIND_OF_PROCESS = """
import multiprocessing, subprocess, sys, threading
from sm_container.runtime.metrics import MetricLog

NAME = "ü ☃ " + "x" * 251
OTHER = "from sm_container.runtime.metrics import MetricLog as M; m = M();"
OTHER += "[m.log({'worker/exec': step}, step=step) for step in range(100)]"

def work(metrics, who):
    for step in range(100):
        metrics.log({f"worker/{who}": step, NAME: step}, step=step)

def threads(metrics, who):
    workers = [threading.Thread(target=work, args=(metrics, f"{who}-{n}")) for n in range(4)]
    for worker in workers: worker.start()
    for worker in workers: worker.join()

if __name__ == "__main__":
    metrics = MetricLog()
    children = [
        multiprocessing.get_context(how).Process(target=threads, args=(metrics, f"{how}{n}"))
        for how in ("fork", "spawn") for n in range(2)
    ]
    for child in children: child.start()
    other = subprocess.Popen([sys.executable, "-c", OTHER])
    threads(metrics, "own")
    for child in children: child.join()
    sys.exit(any(child.exitcode for child in children) or other.wait())
"""


def test_no_line_is_torn_whatever_threads_and_processes_write_them(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(EVERY_KIND_OF_PROCESS)
    done = subprocess.run([sys.executable, program], stdout=subprocess.PIPE, text=True, check=True)

    definitions = {
        name: re.compile(definition_for(name).regex)
        for name in ["ü ☃ " + "x" * 251, "worker/exec"]
        + [f"worker/{who}{n}-{m}" for who in ("fork", "spawn") for n in range(2) for m in range(4)]
        + [f"worker/own-{m}" for m in range(4)]
    }
    seen = {name: [] for name in definitions}  # type: dict[str, list[float]]
    for line in done.stdout.splitlines():
        found = [(name, it.search(line)) for name, it in definitions.items()]
        [(name, match)] = [(name, match) for name, match in found if match]
        seen[name].append(float(match[1]))
        assert re.fullmatch(rf"{definitions[name].pattern} step=\d+", line), line
    assert len(seen.pop("ü ☃ " + "x" * 251)) == 20 * 100
    assert all(values == list(range(100)) for values in seen.values())


def run(program: str, **streams: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], text=True, check=True, stderr=subprocess.PIPE, **streams
    )


def test_lines_reach_the_log_after_the_program_closed_its_output(tmp_path: Path) -> None:
    done = run(
        "import os, sys\n"
        "from sm_container.runtime.metrics import MetricLog\n"
        "metrics = MetricLog()\n"
        "metrics.log(m=1); os.close(1)\n"
        f"model = open({str(tmp_path / 'model')!r}, 'w')\n"
        "assert model.fileno() == 1\n"
        "metrics.log(m=2); model.write('weights')",
        stdout=subprocess.PIPE,
    )
    assert done.stdout == "[metric] m=1.0\n[metric] m=2.0\n"
    assert (tmp_path / "model").read_text() == "weights"
    assert done.stderr == ""


def test_training_goes_on_when_nobody_reads_the_output() -> None:
    read, write = os.pipe()
    os.close(read)
    done = run(
        "import sys\n"
        "from sm_container.runtime.metrics import MetricLog\n"
        "metrics = MetricLog()\n"
        "for step in range(3): metrics.log(m=step)\n"
        "print('trained', file=sys.stderr)",
        stdout=write,
    )
    os.close(write)
    assert done.stderr == (
        "metrics cannot be written to the standard output: Broken pipe\ntrained\n"
    )


def test_training_goes_on_without_an_output() -> None:
    program = (
        "from sm_container.runtime.metrics import MetricLog\n"
        "metrics = MetricLog(); metrics.log(m=1); metrics.log(m=2)"
    )
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" -c "$1" >&-', sys.executable, program],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == (
        "metrics cannot be written to the standard output: it was closed when the program began\n"
    )


def test_an_output_that_cannot_be_flushed_is_no_fault_of_the_metrics(
    log_file: tuple[int, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Bare:
        def write(self, text: str) -> int:
            return len(text)

    for output in (None, Bare()):
        monkeypatch.setattr(sys, "stdout", output)
        MetricLog(descriptor=log_file[0]).log(m=1)
    assert log_file[1].read_text() == "[metric] m=1.0\n" * 2


def test_a_copy_for_another_process_knows_the_definitions(
    log_file: tuple[int, Path], caplog: pytest.LogCaptureFixture
) -> None:
    metrics = pickle.loads(pickle.dumps(MetricLog([definition_for("m")], log_file[0])))
    with caplog.at_level(logging.WARNING):
        metrics.log(m=1, n=1)
    assert "metric n is in the log only" in caplog.text
    assert "metric m" not in caplog.text
    assert log_file[1].read_text() == ""  # it writes to the standard output


def test_a_metric_that_is_lost_is_said_once_by_many_threads(
    log_file: tuple[int, Path], caplog: pytest.LogCaptureFixture
) -> None:
    metrics = MetricLog([definition_for("declared")], log_file[0])
    barrier = threading.Barrier(8)

    def report() -> None:
        barrier.wait()
        metrics.log(undeclared=1)

    with caplog.at_level(logging.WARNING):
        threads = [threading.Thread(target=report) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(caplog.records) == 1


def test_the_descriptor_that_was_kept_is_closed_with_it(log_file: tuple[int, Path]) -> None:
    before = os.listdir("/proc/self/fd")
    metrics = MetricLog(descriptor=log_file[0])
    assert len(os.listdir("/proc/self/fd")) == len(before) + 1
    del metrics
    assert os.listdir("/proc/self/fd") == before
