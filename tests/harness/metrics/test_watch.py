"""Metrics of programs that run: their output captured, and parsed behind the capture."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sm_container.contract.metrics import MetricDefinition, definition_for
from sm_container.harness.logs.capture import capture
from sm_container.harness.metrics.budget import Limits
from sm_container.harness.metrics.periods import Value, values
from sm_container.harness.metrics.watch import Findings, MetricWatch
from sm_container.harness.store.folder import JobFolder

QUICK = Limits(seconds=0.2)


@dataclass
class Hosts:
    """Programs whose output is captured into the folder of a job, and watched meanwhile."""

    folder: JobFolder
    _watches: list[MetricWatch] = field(default_factory=list)

    def watch(
        self, *definitions: tuple[str, str], hosts: tuple[str, ...] = ("algo-1",)
    ) -> MetricWatch:
        watch = MetricWatch(
            [MetricDefinition(*each) for each in definitions],
            {host: self.folder.log(host) for host in hosts},
            {host: self.folder.metrics(host) for host in hosts},
            limits=QUICK,
        )
        self._watches.append(watch)
        watch.start()
        return watch

    def run(self, program: str, host: str = "algo-1", **popen: object) -> None:
        """Run a program to its end, with its output in the host's log."""
        out, err = os.pipe(), os.pipe()
        process = subprocess.Popen(
            [sys.executable, "-c", program], stdout=out[1], stderr=err[1], **popen
        )  # type: ignore[call-overload]
        os.close(out[1])
        os.close(err[1])
        capture(out[0], err[0], self.folder.log(host))
        assert process.wait() == 0

    def values(self, name: str) -> list[float]:
        return [each.value for each in values(self.folder, name=name)]

    def close(self) -> None:
        for watch in self._watches:
            watch.settle()


@pytest.fixture
def hosts(hostile_tmp_path: Path) -> Iterator[Hosts]:
    folder = JobFolder(hostile_tmp_path / "job")
    folder.path.mkdir()
    running = Hosts(folder)
    yield running
    running.close()


def last(findings: Findings) -> Mapping[str, float]:
    return {each.name: each.value for each in findings.values}


def until(found: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not found():
        assert time.monotonic() < deadline
        time.sleep(0.01)


LOSS = ("loss", r"loss=(\S+)")


def test_values_are_there_while_the_program_runs(hosts: Hosts) -> None:
    watch = hosts.watch(LOSS)
    proceed, told = os.pipe()
    program = (
        "import os; print('loss=3', flush=True)\n"
        f"os.read({proceed}, 1); print('loss=2 loss=1', flush=True)"
    )
    running = threading.Thread(target=hosts.run, args=(program,), kwargs={"pass_fds": (proceed,)})
    running.start()
    until(lambda: last(watch.findings) == {"loss": 3.0})
    assert hosts.values("loss") == [3.0]
    os.write(told, b"!")
    running.join()
    os.close(proceed)
    os.close(told)
    assert last(watch.settle()) == {"loss": 1.0}
    assert hosts.values("loss") == [3.0, 2.0, 1.0]


def test_news_are_told_once(hosts: Hosts) -> None:
    watch = hosts.watch(LOSS)
    assert watch.news() is None
    hosts.run("print('loss=1')")
    watch.settle()
    news = watch.news()
    assert news is not None
    assert last(news) == {"loss": 1.0}
    assert watch.news() is None


def test_times_are_those_of_the_log(hosts: Hosts) -> None:
    watch = hosts.watch(LOSS)
    before = time.time()
    hosts.run("print('loss=1')")
    between = time.time()
    hosts.run("print('loss=2')")
    [metric] = watch.settle().values
    one, two = values(hosts.folder)
    assert before - 0.001 <= one.timestamp <= between
    assert between - 0.001 <= two.timestamp <= time.time()
    assert metric.timestamp == two.timestamp


def test_several_attempts_are_one_log(hosts: Hosts) -> None:
    watch = hosts.watch(LOSS, ("accuracy", r"accuracy=(\S+)"))
    hosts.run("print('accuracy=0.5'); print('loss=2', end='')")
    until(lambda: last(watch.findings) == {"accuracy": 0.5, "loss": 2.0})
    hosts.run("print('loss=1')")
    assert last(watch.settle()) == {"loss": 1.0, "accuracy": 0.5}
    assert [each.name for each in watch.findings.values] == ["loss", "accuracy"]
    assert hosts.values("loss") == [2.0, 1.0]


def test_the_last_value_of_several_hosts_is_the_latest(hosts: Hosts) -> None:
    watch = hosts.watch(LOSS, hosts=("algo-1", "algo-2", "algo-3"))
    hosts.run("print('loss=2')", "algo-2")
    hosts.run("import time; time.sleep(0.01); print('loss=1')", "algo-1")
    assert last(watch.settle()) == {"loss": 1.0}
    assert hosts.folder.hosts_with_metrics() == ("algo-1", "algo-2")
    assert [(each.host, each.value) for each in values(hosts.folder)] == [
        ("algo-1", 1.0),
        ("algo-2", 2.0),
    ]


def test_nan_and_inf_are_kept_but_never_final(hosts: Hosts) -> None:
    watch = hosts.watch(LOSS, ("never", r"never=(\S+)"))
    hosts.run("print('loss=1\\nloss=nan\\nloss=-inf\\nnever=nan')")
    assert last(watch.settle()) == {"loss": 1.0}
    one, two, three = hosts.values("loss")
    assert (one, math.isnan(two), three) == (1.0, True, -math.inf)


def test_without_a_series_the_last_values_are_found_all_the_same(hosts: Hosts) -> None:
    folder = hosts.folder
    specification = {
        "MetricDefinitions": [{"Name": "loss", "Regex": r"loss=(\S+)"}],
        "EnableSageMakerMetricsTimeSeries": False,
    }
    hosts.run("print('loss=1')")
    watch = MetricWatch.of_job(folder, ["algo-1"], specification)
    assert watch is not None
    watch.start()
    assert last(watch.settle()) == {"loss": 1.0}
    assert not folder.metrics("algo-1").parent.exists()


def test_a_job_without_definitions_is_not_watched(hosts: Hosts) -> None:
    assert MetricWatch.of_job(hosts.folder, ["algo-1"], {}) is None


def test_a_host_that_writes_nothing_has_no_metrics(hosts: Hosts) -> None:
    watch = hosts.watch(LOSS)
    assert watch.settle() == watch.settle() == Findings()


class TestLogs:
    """Whatever a program writes, no line is lost and none counts twice."""

    def test_bytes_that_are_no_text(self, hosts: Hosts) -> None:
        watch = hosts.watch(LOSS, ("ünï", r"ünï=(\d)"))
        hosts.run(
            r"import os; os.write(1, b'\xff\xfeloss=1\xff \x00\nloss=2 \xc3\n\xc3');"
            r"os.write(1, b'\xbcn\xc3'); os.write(1, b'\xaf=3\n')"
        )
        assert last(watch.settle()) == {"loss": 2.0, "ünï": 3.0}
        assert hosts.values("loss") == [2.0]  # the first is '1\ufffd', which is no number

    def test_no_newline_at_the_end(self, hosts: Hosts) -> None:
        watch = hosts.watch(LOSS)
        hosts.run("import os; os.write(1, b'loss=1'); os.close(1); os.write(2, b'loss=2')")
        watch.settle()
        assert sorted(hosts.values("loss")) == [1.0, 2.0]

    def test_a_line_of_ten_megabytes(self, hosts: Hosts) -> None:
        watch = hosts.watch(LOSS, ("end", r"x+ end=(\d)$"), ("ahead", r"(?<=x )end=(\d)"))
        hosts.run("print('loss=1 ' + 'x' * 10_000_000 + ' end=2')")
        assert watch.settle().notes == ()
        assert last(watch.findings) == {"loss": 1.0, "end": 2.0, "ahead": 2.0}

    def test_a_line_without_an_end(self, hosts: Hosts) -> None:
        watch = hosts.watch(LOSS)
        hosts.run(
            "import os\nos.write(1, b'loss=1 ')\n"
            "for _ in range(40): os.write(1, b'x' * 1_000_000)\n"
            "os.write(1, b' loss=2')"
        )
        assert last(watch.settle()) == {"loss": 2.0}
        assert hosts.values("loss") == [1.0, 2.0]

    def test_a_progress_bar_is_one_line_with_many_values(self, hosts: Hosts) -> None:
        watch = hosts.watch(LOSS, ("percent", r"(\d+)%"))
        hosts.run(
            "import sys\n"
            "for n in range(101): sys.stderr.write(f'\\r{n:3}%|█| loss={1 - n / 200}')\n"
            "print(file=sys.stderr)"
        )
        assert last(watch.settle()) == {"loss": 0.5, "percent": 100.0}
        assert hosts.values("percent") == list(range(101))

    def test_a_closed_output(self, hosts: Hosts) -> None:
        watch = hosts.watch(("m", definition_for("m").regex), LOSS)
        hosts.run(
            "import os, sys\nfrom sm_container.runtime.metrics import MetricLog\n"
            "metrics = MetricLog(); metrics.log(m=1); os.close(1); metrics.log(m=2)\n"
            "print('loss=3', file=sys.stderr)"
        )
        assert last(watch.settle()) == {"m": 2.0, "loss": 3.0}

    def test_a_hundred_thousand_lines_a_second(self, hosts: Hosts) -> None:
        """As quick as two pipes can be; the parser may lag, and has seen every line in the end."""
        definitions = [(f"m{n}", rf"\bm{n}=(\d+)") for n in range(40)]
        watch = hosts.watch(*definitions)
        hosts.run(
            "import os\nfor start in range(0, 200_000, 1000):\n"
            "    lines = [f'line {n}: m{n % 80}={n}' for n in range(start, start + 1000)]\n"
            "    os.write(1 + start // 1000 % 2, ('\\n'.join(lines) + '\\n').encode())"
        )
        lines = hosts.folder.log("algo-1").read_bytes().splitlines()
        assert sorted(int(line.split()[1][:-1]) for line in lines) == list(range(200_000))
        watch.settle()
        found = sorted((each.name, each.value) for each in values(hosts.folder))
        assert found == sorted((f"m{n % 80}", n) for n in range(200_000) if n % 80 < 40)


class TestPatterns:
    """Whatever a pattern does, the log is captured and the other metrics are found."""

    def test_exponential_time(self, hosts: Hosts) -> None:
        watch = hosts.watch(("slow", r"(?=(?:a|a)*;)a*;=(\d)"), ("re2", r"(?:a+)+;=(\d)"), LOSS)
        hosts.run("print('loss=1'); print('a' * 64 + '! aa;=2'); print('loss=3'); print('a;=4')")
        findings = watch.settle()
        assert last(findings) == {"slow": 4.0, "re2": 4.0, "loss": 3.0}
        assert len(findings.notes) == 2
        assert hosts.values("re2") == [2.0, 4.0]
        assert hosts.values("loss") == [1.0, 3.0]

    def test_two_groups_and_a_group_that_takes_no_part(self, hosts: Hosts) -> None:
        watch = hosts.watch(("two", r"a=(\d),(\d)"), ("either", r"(?:b=(\d)|c=(\d))"))
        hosts.run("print('a=1,2 c=3 b=4 c=5')")
        assert last(watch.settle()) == {"two": 1.0, "either": 4.0}

    def test_whoever_waits_may_give_up(self, hosts: Hosts) -> None:
        folder = hosts.folder
        watch = MetricWatch(
            [MetricDefinition("slow", r"(?=(?:a|a)*;)a*;=(\d)"), MetricDefinition(*LOSS)],
            {"algo-1": folder.log("algo-1")},
            None,
            limits=Limits(seconds=3600),
        )
        hosts.run("print('a' * 64)")
        watch.start()
        asked: list[int] = []
        findings = watch.settle(give_up=lambda: len(asked) == 5 or asked.append(1) is not None)
        assert findings.notes == ("metrics are incomplete: the parser of metrics was ended",)


class TestFaults:
    def test_a_folder_that_was_deleted_stays_deleted(self, hosts: Hosts) -> None:
        watch = hosts.watch(LOSS)
        hosts.run("print('loss=1')")
        until(lambda: last(watch.findings))
        hosts.folder.path.rename(hosts.folder.path.with_name("away"))
        watch.settle()
        assert not hosts.folder.path.exists()

    def test_where_values_cannot_be_kept_the_last_ones_are_found(self, hosts: Hosts) -> None:
        (hosts.folder.path / "metrics").write_text("a file where a folder should be")
        watch = hosts.watch(LOSS)
        hosts.run("print('loss=1\\nloss=2')")
        findings = watch.settle()
        assert last(findings) == {"loss": 2.0}
        [note] = findings.notes
        assert note.startswith("the values of algo-1's metrics are no longer kept: [Errno 17]")

    def test_a_defect_of_ours_is_raised(
        self, hosts: Hosts, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object, **__: object) -> None:
            raise ZeroDivisionError("a defect")

        monkeypatch.setattr("sm_container.harness.metrics.block.LogReader.next", broken)
        watch = MetricWatch([MetricDefinition(*LOSS)], {"algo-1": hosts.folder.log("algo-1")}, None)
        hosts.run("print('loss=1')")
        watch.start()
        with pytest.raises(ZeroDivisionError):
            watch.settle()


def test_values_over_a_time(hosts: Hosts) -> None:
    watch = hosts.watch(LOSS, ("other", r"other=(\d)"), hosts=("algo-1", "algo-2"))
    hosts.run("print('loss=1 other=2')", "algo-1")
    hosts.run("print('loss=3')", "algo-2")
    watch.settle()
    one, other, two = values(hosts.folder)
    assert (one.name, other.name, two.name) == ("loss", "other", "loss")
    assert [each.value for each in values(hosts.folder, host="algo-2")] == [3.0]
    assert list(values(hosts.folder, name="loss", end=one.timestamp)) == []
    assert list(values(hosts.folder, name="loss", host="algo-1", start=one.timestamp)) == [one]
    assert one == Value("algo-1", "loss", one.timestamp, 1.0)
