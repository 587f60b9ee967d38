"""Utilization against what there was to use."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from sm_container.harness.report.utilization import (
    read_samples,
    throughput_charts,
    utilization_charts,
)
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.series import SeriesWriter
from tests.cli.records import job


def sampled(folder: Path, **hosts: list[dict[str, Any]]) -> JobFolder:
    job_folder = JobFolder(folder)
    for host, points in hosts.items():
        with closing(SeriesWriter(job_folder.utilization(host.replace("_", "-")))) as writer:
            writer.write(points)
    return job_folder


def points(**members: float) -> list[dict[str, Any]]:
    return [{"Timestamp": 1004.0 + second, **members} for second in range(3)]


def test_a_chart_a_measure_and_a_line_a_host(hostile_tmp_path: Path) -> None:
    folder = sampled(
        hostile_tmp_path,
        algo_1=points(CPUUtilization=150.0, MemoryUtilization=40.0, MemoryLimitBytes=7 << 30),
        algo_2=points(CPUUtilization=20.0),
    )
    record = job("a", "Completed", began=1000.0, engine="podman")

    cpu, memory = utilization_charts(record, read_samples(record, folder), until=0.0)

    assert [curve.name for curve in cpu.curves] == ["algo-1", "algo-2"]
    assert cpu.word == "CPUUtilization: 100 % is one CPU; ml.m5.large has 2"
    assert cpu.chart.y_ticks[-1].text == "200"
    assert memory.title == "Memory"
    assert memory.word == "MemoryUtilization: 100 % is 7 GiB"
    assert memory.chart.limit == memory.chart.y_ticks[-1].at
    assert memory.chart.y_ticks[-1].text == "100"


def test_a_program_has_what_this_machine_has(hostile_tmp_path: Path) -> None:
    folder = sampled(hostile_tmp_path, algo_1=points(CPUUtilization=50.0))
    record = job("a", "Completed", began=1000.0, engine="process")

    [cpu] = utilization_charts(record, read_samples(record, folder), until=0.0)

    assert cpu.word == "CPUUtilization: 100 % is one CPU"
    assert cpu.chart.limit is None


def test_nothing_sampled(tmp_path: Path) -> None:
    record = job("a", "Completed")
    samples = read_samples(record, JobFolder(tmp_path))
    assert list(utilization_charts(record, samples, until=0.0)) == []
    assert list(throughput_charts(record, samples, until=0.0)) == []


def test_the_throughput_of_channels(hostile_tmp_path: Path) -> None:
    counts = [0, 3_000_000, 3_000_000, 1_000_000, 2_000_000]  # another attempt begins at 0
    folder = sampled(
        hostile_tmp_path,
        algo_1=[
            {"Timestamp": 1004.0 + 2 * each, "ChannelBytes": {"train": count, "still": 7}}
            for each, count in enumerate(counts)
        ],
    )
    record = job("a", "Completed", began=1000.0)

    [train] = throughput_charts(record, read_samples(record, folder), until=1014.0)

    assert train.title == "train: throughput"
    assert train.curves[0].points == [(6.0, 1.5), (8.0, 0.0), (12.0, 0.5)]
