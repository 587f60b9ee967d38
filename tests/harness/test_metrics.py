"""Metrics found in logs by the request's definitions."""

from __future__ import annotations

from pathlib import Path

import pytest

from sm_container.contract.metrics import MetricDefinition, definition_for, metric_line
from sm_container.harness.metrics import final_metrics


def found(folder: Path, log: bytes, *definitions: tuple[str, str]) -> dict[str, float]:
    file = folder / "log"
    file.write_bytes(log)
    metrics, notes = final_metrics([MetricDefinition(*each) for each in definitions], [file])
    assert notes == ()
    return {metric.name: metric.value for metric in metrics}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("rmse=0.5;", 0.5),
        ("rmse=-1e-3;", -0.001),
        ("rmse= 7 ;", 7.0),
        ("rmse=+.5;", 0.5),
        ("rmse=1;rmse=2;", 2.0),
        ("ünï rmse=3;", 3.0),
    ],
)
def test_the_first_group_is_the_value(hostile_tmp_path: Path, line: str, value: float) -> None:
    assert found(hostile_tmp_path, f"{line}\n".encode(), ("m", "rmse=(.*?);")) == {"m": value}


@pytest.mark.parametrize("line", ["rmse=nan;", "rmse=inf;", "rmse=abc;", "rmse=;", "other"])
def test_what_is_no_number_is_passed_over(hostile_tmp_path: Path, line: str) -> None:
    log = f"rmse=1;\n{line}\n".encode()
    assert found(hostile_tmp_path, log, ("m", "rmse=(.*?);")) == {"m": 1.0}


def test_the_last_value_counts_over_all_hosts_logs(hostile_tmp_path: Path) -> None:
    first, second = hostile_tmp_path / "1", hostile_tmp_path / "2"
    first.write_bytes(b"a=1\na=2\n")
    second.write_bytes(b"a=3\nb=9\n")
    definitions = [MetricDefinition("B", r"b=(\d)"), MetricDefinition("A", r"a=(\d)")]
    metrics, _ = final_metrics(definitions, [first, second, hostile_tmp_path / "missing"])
    assert [(metric.name, metric.value) for metric in metrics] == [("B", 9.0), ("A", 3.0)]


def test_several_definitions_one_line_and_two_groups(hostile_tmp_path: Path) -> None:
    log = b"\xff bad byte a=1 b=2\xfe c=3,4\n"
    definitions = (("a", r"a=(\S+)"), ("b", r"b=(\d+)"), ("c", r"c=(\d),(\d)"), ("d", "c=3"))
    assert found(hostile_tmp_path, log, *definitions) == {"a": 1.0, "b": 2.0, "c": 3.0}


def test_a_pattern_without_a_linear_form_is_named(hostile_tmp_path: Path) -> None:
    (hostile_tmp_path / "log").write_bytes(b"a=1\n")
    metrics, notes = final_metrics(
        [MetricDefinition("ahead", r"(?=a)a=(\d)"), MetricDefinition("a", r"a=(\d)")],
        [hostile_tmp_path / "log"],
    )
    assert [metric.name for metric in metrics] == ["a"]
    assert len(notes) == 1
    assert "'ahead' was not evaluated" in notes[0]


def test_an_exponential_pattern_takes_no_time(hostile_tmp_path: Path) -> None:
    log = b"a" * 100_000 + b"!\n"
    assert found(hostile_tmp_path, log, ("m", r"(a+)+$"), ("n", r"^(?:.*,){12}x=(\d)")) == {}


def test_forty_definitions_over_a_large_log(hostile_tmp_path: Path) -> None:
    names = [f"metric {number}: ü" for number in range(40)]
    lines = [metric_line(name, float(step), step) for step in range(200) for name in names]
    definitions = [definition_for(name) for name in names]
    file = hostile_tmp_path / "log"
    file.write_text("\n".join(lines) + "\n")
    metrics, _ = final_metrics(definitions, [file])
    assert {metric.name: metric.value for metric in metrics} == dict.fromkeys(names, 199.0)


def test_no_definitions_need_no_log(hostile_tmp_path: Path) -> None:
    assert final_metrics([], [hostile_tmp_path / "missing"]) == ((), ())
