"""The metrics that there are, in a list. Source: ListMetrics."""

from __future__ import annotations

import time
from collections.abc import Iterator

from sm_container.harness.store.folder import JobFolder
from sm_container.service import tokens
from sm_container.service.account import Account
from sm_container.service.monitoring.errors import invalid_token, invalid_value
from sm_container.service.monitoring.metrics import NAMESPACE, Metric, metrics_of
from sm_container.service.operations import Members

_PAGE = 500
_RECENT_SECONDS = 3 * 3600


def list_metrics(account: Account, members: Members) -> Members:
    """A page of the metrics that suit every filter, in the order of their dimensions and names.

    Those of all jobs are there, however old: a job's values stay as long as it does.
    """
    linked = members.get("IncludeLinkedAccounts", False)
    if "OwningAccount" in members and not linked:
        raise invalid_value("OwningAccount is for requests with IncludeLinkedAccounts")
    query = {name: each for name, each in members.items() if name != "NextToken"}
    found = {_place(each): each for each in _suiting(account, members)}
    after = _after(members, query)
    places = sorted(place for place in found if after is None or place > after)
    shown = [found[place] for place in places[:_PAGE]]
    answer: Members = {"Metrics": [each.described() for each in shown]}
    if linked:
        answer["OwningAccounts"] = [account.id] * len(shown)
    if len(shown) < len(places):
        answer["NextToken"] = tokens.written(list(_place(shown[-1])), query)
    return answer


def _place(metric: Metric) -> tuple[str, ...]:
    return (*metric.dimension, metric.name)


def _after(members: Members, query: Members) -> tuple[str, ...] | None:
    if "NextToken" not in members:
        return None
    try:
        return tuple(map(str, tokens.read(members["NextToken"], query)))
    except (ValueError, TypeError):
        raise invalid_token() from None


def _suiting(account: Account, members: Members) -> Iterator[Metric]:
    if members.get("Namespace", NAMESPACE) != NAMESPACE:
        return
    if members.get("OwningAccount", account.id) != account.id:
        return
    filters = members.get("Dimensions", [])
    for summary in account.store.summaries():
        folder = JobFolder(account.home.jobs / summary.name)
        if "RecentlyActive" in members and not _is_recent(folder):
            continue
        for metric in metrics_of(folder):
            name, value = metric.dimension
            if members.get("MetricName", metric.name) == metric.name and all(
                each["Name"] == name and each.get("Value", value) == value for each in filters
            ):
                yield metric


def _is_recent(folder: JobFolder) -> bool:
    """Whether a series was written to in the last three hours; the service, too, is not exact."""
    series = [folder.metrics("*").parent, folder.utilization("*").parent]
    oldest = time.time() - _RECENT_SECONDS
    return any(each.stat().st_mtime >= oldest for at in series for each in at.glob("*.jsonl"))
