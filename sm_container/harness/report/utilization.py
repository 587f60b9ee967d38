"""What the containers used of their instances over time, and what their channels moved.

The series that this reads is :mod:`sm_container.harness.life.utilization`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sm_container.harness.job.record import JobRecord
from sm_container.harness.report.chart import Chart
from sm_container.harness.report.curve import Curve
from sm_container.harness.report.metrics import lines_of
from sm_container.harness.sizes import memory
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.series import points
from sm_container.machine.instances import instance_type

_WHOLE = 100.0
_MEMBERS = {"CPUUtilization": "CPU", "MemoryUtilization": "Memory", "DiskUtilization": "Disk"}
_MEGABYTE = 1e6


@dataclass(frozen=True)
class UtilizationChart:
    """A measure over time, a line a host, in ``unit``; ``word`` says what it is measured by."""

    title: str
    curves: tuple[Curve, ...]
    chart: Chart
    unit: str
    word: str


@dataclass
class Samples:
    """What was sampled of all hosts: a curve a host by measure, and by channel in MB/s."""

    measures: dict[str, dict[str, Curve]] = field(default_factory=dict)
    rates: dict[str, dict[str, Curve]] = field(default_factory=dict)
    memory_limits: set[int] = field(default_factory=set)


def read_samples(record: JobRecord, folder: JobFolder) -> Samples:
    """All that is there by now; nothing where nothing was sampled."""
    samples = Samples()
    for host in sorted(path.stem for path in folder.utilization("*").parent.glob("*.jsonl")):
        moved: Mapping[str, int] = {}
        before = 0.0
        for point in points(folder.utilization(host)):
            moment = float(point["Timestamp"]) - record.created
            for member in _MEMBERS.keys() & point.keys():
                hosts = samples.measures.setdefault(member, {})
                hosts.setdefault(host, Curve(host)).add(moment, float(point[member]))
            if "MemoryLimitBytes" in point:
                samples.memory_limits.add(point["MemoryLimitBytes"])
            moving = point.get("ChannelBytes", {})
            for channel in moving.keys() & moved.keys():
                if moving[channel] >= moved[channel] and moment > before:  # not a fresh attempt's
                    rate = (moving[channel] - moved[channel]) / (moment - before) / _MEGABYTE
                    hosts = samples.rates.setdefault(channel, {})
                    hosts.setdefault(host, Curve(host)).add(moment, rate)
            moved, before = moving, moment
    return samples


def utilization_charts(
    record: JobRecord, samples: Samples, until: float
) -> Iterator[UtilizationChart]:
    """A chart of each measure that was taken of some host, against what there was to use."""
    for member, title in _MEMBERS.items():
        curves = tuple(samples.measures.get(member, {}).values())
        limit, word = _limit(record, member, samples)
        drawn = lines_of(record, curves, until, limit=limit, from_zero=True, unit=" %")
        if drawn is not None:
            yield UtilizationChart(title, curves, drawn, " %", f"{member}: {word}")


def throughput_charts(
    record: JobRecord, samples: Samples, until: float
) -> Iterator[UtilizationChart]:
    """A chart of each channel that moved something while the algorithm ran."""
    for channel in sorted(samples.rates):
        curves = tuple(samples.rates[channel].values())
        drawn = lines_of(record, curves, until, from_zero=True, unit=" MB/s")
        if drawn is not None and any(each.largest > 0 for each in curves):
            yield UtilizationChart(
                f"{channel}: throughput", curves, drawn, " MB/s", "MB/s between two samples"
            )


def _limit(record: JobRecord, member: str, samples: Samples) -> tuple[float | None, str]:
    """What can be used at most, in percent, and in words."""
    if member == "MemoryUtilization":
        sizes = " or ".join(memory(each) for each in sorted(samples.memory_limits))
        return _WHOLE, f"100 % is {sizes or 'what there is'}"
    if member == "DiskUtilization":
        return _WHOLE, "100 % is the disk with the job's folder, whatever else is on it"
    name = record.document.get("ResourceConfig", {}).get("InstanceType")
    is_bounded = record.engine != "process"  # a program has all that this machine has
    facts = instance_type(name) if name and is_bounded else None
    if facts is None:
        return None, "100 % is one CPU"
    return _WHOLE * facts.vcpu, f"100 % is one CPU; {name} has {facts.vcpu}"
