"""What the containers used of their instances, against what they had.

Source: developer guide, "Monitor SageMaker AI with CloudWatch": CPUUtilization is the sum over all
cores, 100 % each; MemoryUtilization and DiskUtilization are shares of what the container has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sm_container.harness.job.record import JobRecord
from sm_container.harness.report.chart import Chart
from sm_container.harness.report.curve import Curve
from sm_container.harness.report.metrics import lines_of
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.series import points
from sm_container.machine.instances import instance_type

_WHOLE = 100.0
_MEMBERS = {
    "CPUUtilization": "CPU",
    "MemoryUtilization": "Memory",
    "DiskUtilization": "Disk",
    "GPUUtilization": "GPU",
    "GPUMemoryUtilization": "GPU memory",
}


@dataclass(frozen=True)
class UtilizationChart:
    """Percents over time; ``limit`` is what the line across stands for, in words."""

    title: str
    member: str
    curves: tuple[Curve, ...]
    chart: Chart
    limit: str


def utilization_charts(
    record: JobRecord, folder: JobFolder, until: float
) -> Iterator[UtilizationChart]:
    """A chart of each measure that was taken of some host; none where nothing was sampled."""
    found: dict[str, dict[str, Curve]] = {member: {} for member in _MEMBERS}
    for host in sorted(path.stem for path in folder.utilization("*").parent.glob("*.jsonl")):
        for point in points(folder.utilization(host)):
            moment = float(point["Timestamp"]) - record.created
            for member, hosts in found.items():
                if point.get(member) is not None:
                    hosts.setdefault(host, Curve(host)).add(moment, float(point[member]))
    for member, hosts in found.items():
        curves = tuple(hosts.values())
        limit, word = _limit(record, member)
        drawn = lines_of(record, curves, until, limit=limit, from_zero=True, unit=" %")
        if drawn is not None:
            yield UtilizationChart(_MEMBERS[member], member, curves, drawn, word)


def _limit(record: JobRecord, member: str) -> tuple[float | None, str]:
    """What can be used at most, in percent, and in words."""
    if member == "MemoryUtilization":
        return _WHOLE, "100 % is the memory that the container may use"
    if member == "DiskUtilization":
        return _WHOLE, "100 % is the disk"
    name = record.document.get("ResourceConfig", {}).get("InstanceType")
    is_bounded = record.engine != "process"  # a program has all that this machine has
    facts = instance_type(name) if name and is_bounded else None
    if member == "CPUUtilization":
        if facts is None:
            return None, "100 % is one core"
        return _WHOLE * facts.vcpu, f"100 % is one core; {name} has {facts.vcpu}"
    if facts is None or not facts.gpus:
        return None, "100 % is one GPU"
    return _WHOLE * facts.gpus, f"100 % is one GPU; {name} has {facts.gpus}"
