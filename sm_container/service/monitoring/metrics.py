"""The metrics of training jobs: what an algorithm's log says, and what a host used.

Source: developer guide, "Monitor Amazon SageMaker with Amazon CloudWatch", training job instance
metrics: namespace, dimension ``Host`` and unit; SageMaker Python SDK, ``TrainingJobAnalytics``: the
dimension ``TrainingJobName`` of the metrics that MetricDefinitions find.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sm_container.harness.metrics.periods import Value, values
from sm_container.harness.store.folder import DamagedJobError, JobFolder
from sm_container.harness.store.jobs import UnknownJobError
from sm_container.harness.store.series import points
from sm_container.service.account import Account
from sm_container.service.operations import Members

NAMESPACE = "/aws/sagemaker/TrainingJobs"
JOB = "TrainingJobName"
HOST = "Host"
UTILIZATION = (
    "CPUUtilization",
    "MemoryUtilization",
    "GPUUtilization",
    "GPUMemoryUtilization",
    "DiskUtilization",
)

_HOST = re.compile(r"algo-[0-9]+")
_FIRST_POINTS = 2
"""The first point of a host has no CPUUtilization, which is counted between two."""


@dataclass(frozen=True)
class Metric:
    """A metric by its name, its job, and its host; None where all hosts' values are one metric."""

    name: str
    folder: JobFolder
    host: str | None = None

    @property
    def unit(self) -> str:
        return "None" if self.host is None else "Percent"

    @property
    def dimension(self) -> tuple[str, str]:
        if self.host is None:
            return JOB, self.folder.name
        return HOST, f"{self.folder.name}/{self.host}"

    def values(self, start: float, end: float) -> Iterator[Value]:
        """The values from ``start`` on and before ``end``, epoch seconds."""
        if self.host is None:
            yield from values(self.folder, name=self.name, start=start, end=end)
            return
        if self.name not in UTILIZATION:  # a point holds other figures beside these
            return
        for point in points(self.folder.utilization(self.host)):
            if self.name in point and start <= point["Timestamp"] < end:
                yield Value(self.host, self.name, point["Timestamp"], float(point[self.name]))

    def described(self) -> Members:
        name, value = self.dimension
        return {
            "Namespace": NAMESPACE,
            "MetricName": self.name,
            "Dimensions": [{"Name": name, "Value": value}],
        }


def find_metric(
    account: Account, namespace: str | None, name: str | None, dimensions: Sequence[Any]
) -> Metric | None:
    """The metric that a request names; None where there is none, which is no fault: it may come.

    As in the service, another set of dimensions is another metric, one without values.
    """
    if namespace != NAMESPACE or name is None or len(dimensions) != 1:
        return None
    [dimension] = dimensions
    job, _, host = dimension["Value"].partition("/")
    is_host = dimension["Name"] == HOST and _HOST.fullmatch(host)
    if not is_host and (dimension["Name"] != JOB or "/" in dimension["Value"]):
        return None
    try:
        folder = account.store.find(job)
    except UnknownJobError:
        return None
    return Metric(name, folder, host if is_host else None)


def metrics_of(folder: JobFolder) -> Iterator[Metric]:
    """The metrics of a job that have values by now."""
    for name in _names(folder):
        yield Metric(name, folder)
    for host in sorted(each.stem for each in folder.utilization("*").parent.glob("*.jsonl")):
        first = list(islice(points(folder.utilization(host)), _FIRST_POINTS))
        for name in UTILIZATION:
            if any(name in point for point in first):
                yield Metric(name, folder, host)


def _names(folder: JobFolder) -> list[str]:
    """The names of the metrics that were found in a job's log."""
    try:
        record = folder.read()
    except DamagedJobError:
        return []
    if record.status.is_terminal:
        return sorted({each.name for each in record.final_metrics})
    return sorted({each.name for each in values(folder)})
