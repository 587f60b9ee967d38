"""The statistics of one metric. Source: GetMetricStatistics."""

from __future__ import annotations

from sm_container.service.account import Account
from sm_container.service.monitoring.errors import invalid_combination, missing
from sm_container.service.monitoring.metrics import find_metric
from sm_container.service.monitoring.statistics import (
    STATISTICS,
    Datapoint,
    Window,
    datapoints,
    require_statistic,
)
from sm_container.service.operations import Members

_MOST = 1440


def get_statistics(account: Account, members: Members) -> Members:
    """A metric's datapoints, all of them: no more than 1,440 can be asked for."""
    names = _statistics(members)
    window = Window.of(members["StartTime"], members["EndTime"], members["Period"])
    if window.count > _MOST:
        raise invalid_combination(
            f"You have requested up to {window.count:,} datapoints, which exceeds the limit of "
            f"{_MOST:,}. You may reduce the datapoints requested by increasing Period, or "
            "decreasing the time range."
        )
    metric = find_metric(
        account, members["Namespace"], members["MetricName"], members.get("Dimensions", ())
    )
    if metric is None or members.get("Unit", metric.unit) != metric.unit:
        found = []
    else:
        found = datapoints(metric, window, names)
    return {
        "Label": members["MetricName"],
        "Datapoints": [_answered(each, metric.unit) for each in found] if metric else [],
    }


def _statistics(members: Members) -> list[str]:
    plain, extended = members.get("Statistics", []), members.get("ExtendedStatistics", [])
    if plain and extended:
        raise invalid_combination("Statistics and ExtendedStatistics cannot both be given")
    if not plain and not extended:
        raise missing("Must specify either Statistics or ExtendedStatistics")
    for each in extended:
        require_statistic(each)
        if each in STATISTICS:
            raise invalid_combination(f"{each} is one of Statistics, not of ExtendedStatistics")
    return list(plain or extended)


def _answered(datapoint: Datapoint, unit: str) -> Members:
    found = dict(datapoint.statistics)
    extended = {name: found.pop(name) for name in list(found) if name not in STATISTICS}
    answer: Members = {"Timestamp": datapoint.time, **found, "Unit": unit}
    return answer | ({"ExtendedStatistics": extended} if extended else {})
