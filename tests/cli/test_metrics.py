"""``metrics parse`` as a person uses it."""

from __future__ import annotations

import csv
import io
import json
import math
import subprocess
import sys
from typing import Any

import pytest

from sm_container.contract.metrics import metric_line
from tests.cli.test_terminal import Terminal

STAMPED = b"""\
2023-11-14T22:13:20.500Z loss=3; other=1
2023-11-14T22:13:21Z loss=nan;
a line without a time: loss=1;
"""
LOSS = "loss=loss=(.*?);"


@pytest.fixture
def log(desk: Any) -> str:
    (desk.folder / "train it.log").write_bytes(STAMPED)
    return "train it.log"


def test_a_table_for_a_person(invoke: Any, log: str) -> None:
    done = invoke("metrics", "parse", log, "--metric", LOSS, "--metric", r"never=never=(\d)")

    assert done.exit_code == 0
    header, loss, never = done.stdout.splitlines()
    assert header.split("  ")[0] == "METRIC"
    assert loss.split()[:6] == ["loss", "2", "1", "1", "1", "3"]
    assert never == "never   0"


def test_json_has_every_number_in_full(invoke: Any, log: str) -> None:
    done = invoke("metrics", "parse", log, "--json", "--metric", LOSS, "--metric", r"n=n=(\d)")

    assert json.loads(done.stdout) == [
        {
            "MetricName": "loss",
            "SampleCount": 2,
            "NotFinite": 1,
            "Last": 1.0,
            "Minimum": 1.0,
            "Maximum": 3.0,
            "FirstTimestamp": "2023-11-14T22:13:20.500+00:00",
            "LastTimestamp": "2023-11-14T22:13:21.000+00:00",
        },
        {"MetricName": "n", "SampleCount": 0, "NotFinite": 0},
    ]


def test_csv_has_the_same(invoke: Any, log: str) -> None:
    done = invoke("metrics", "parse", log, "--csv", "--metric", 'a,"b=other=(.)')

    [row] = csv.DictReader(io.StringIO(done.stdout))
    assert row["MetricName"] == 'a,"b'
    assert (row["SampleCount"], row["Last"], row["NotFinite"]) == ("1", "1.0", "0")


def test_the_input(desk: Any) -> None:
    lines = "".join(f"{metric_line('m', step, step)}\n" for step in range(50_000))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "sm_container",
            "metrics",
            "parse",
            "-",
            "--json",
            "--metric",
            r"m=m=(\d+)",
        ],
        input=lines,
        cwd=desk.folder,
        env=desk.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    [found] = json.loads(done.stdout)
    assert (found["SampleCount"], found["Last"], found["Minimum"]) == (50_000, 49_999.0, 0.0)
    assert done.stderr == ""


def test_metrics_of_an_algorithm_and_of_a_request(desk: Any, invoke: Any, log: str) -> None:
    metrics = [{"Name": "loss", "Regex": "loss=(.*?);"}, {"Name": "o", "Regex": "other=(.)"}]
    request = {"AlgorithmSpecification": {"MetricDefinitions": metrics}}
    algorithm = {"AlgorithmName": "a", "TrainingSpecification": {"MetricDefinitions": metrics}}
    for option, document in (("--request", request), ("--algorithm", algorithm)):
        (desk.folder / "document.json").write_text(json.dumps(document))
        done = invoke(
            *("metrics", "parse", log, option, "document.json", "--json"),
            *("--metric", "o=never=(.)", "--metric", "mine=(3);"),
        )
        found = {each["MetricName"]: each["SampleCount"] for each in json.loads(done.stdout)}
        assert found == {"loss": 2, "o": 0, "mine": 1}, option


def test_metrics_of_a_job_in_its_own_logs(desk: Any) -> None:
    program = desk.program("train", "echo loss=3; echo loss=nan; echo loss=2 >&2")
    done = desk.run("run", program, "--name", "job", "--metric", r"loss=loss=(\S+)")
    assert done.returncode == 0

    [found] = json.loads(desk.run("metrics", "parse", "--job", "job", "--json").stdout)
    assert (found["SampleCount"], found["NotFinite"], found["Maximum"]) == (2, 1, 3.0)
    description = json.loads(desk.run("describe", "job", "--json").stdout)
    [final] = description["FinalMetricDataList"]
    assert (final["Value"], final["Timestamp"]) == (found["Last"], found["LastTimestamp"])

    (desk.folder / "other.log").write_text("loss=7")
    [other] = json.loads(desk.run("metrics", "parse", "other.log", "--job", "job", "--json").stdout)
    assert (other["SampleCount"], other["Last"]) == (1, 7.0)


def test_what_a_pattern_did_is_said(desk: Any, invoke: Any) -> None:
    (desk.folder / "log").write_text("loss=1\n" + "a" * 64 + "!\nloss=2\n")
    done = invoke(
        *("metrics", "parse", "log", "--json", "--metric", r"slow=(?=(?:a|a)*;)(a)"),
        *("--metric", r"loss=loss=(\d)"),
    )
    assert done.exit_code == 0
    slow, loss = json.loads(done.stdout)
    assert (slow["SampleCount"], loss["Last"]) == (0, 2.0)
    assert done.stderr.startswith("note: metric 'slow': its pattern took more than 2 s")


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["train it.log"], "no metrics to look for: give --metric NAME=REGEX, --algorithm"),
        (["--metric", "a=(.)"], "name a log to look into, or a job with --job"),
        (["train it.log", "--metric", "a"], "--metric 'a': write --metric NAME=REGEX"),
        (["train it.log", "--metric", "a=(.)", "--metric", "a=b"], "--metric 'a' is given twice"),
        (["train it.log", "--metric", "a=("], "Metric definition 'a': Regex '(' does not compile"),
        (["train it.log", "--metric", "a=b"], "Regex 'b' has no group"),
        (["none.log", "--metric", "a=(.)"], "File 'none.log' does not exist"),
        (["train it.log", "--job", "none"], "there is no job 'none'"),
        (
            ["train it.log", "--job", "a", "--request", "b"],
            "--request and --job exclude each other",
        ),
        (["train it.log", "--request", "none.json"], "none.json: cannot be read"),
        (["train it.log", "--request", "train it.log"], "train it.log"),
    ],
)
def test_what_cannot_be_done(invoke: Any, log: str, words: list[str], fault: str) -> None:
    done = invoke("metrics", "parse", *words)
    assert done.exit_code == 2
    assert fault in done.stderr


def test_a_bar_on_a_terminal(desk: Any, log: str) -> None:
    terminal = Terminal(desk, "metrics", "parse", log, "--metric", LOSS)
    assert terminal.close() == 0
    assert any("train it.log" in line and "━" in line for line in terminal.text.splitlines())
    assert "METRIC" in terminal.text


def test_numbers_are_shortened_for_a_person_alone(desk: Any, invoke: Any) -> None:
    (desk.folder / "log").write_text("pi=3.14159265358979\n")
    assert "3.14159  " in invoke("metrics", "parse", "log", "--metric", r"pi=pi=(\S+)").stdout
    shown = invoke("metrics", "parse", "log", "--csv", "--metric", r"pi=pi=(\S+)").stdout
    assert str(math.pi)[:16] in shown
