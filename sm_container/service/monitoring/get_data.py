"""The values of many metrics, page by page. Source: GetMetricData."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sm_container.harness.request.wording import display
from sm_container.service import tokens
from sm_container.service.account import Account
from sm_container.service.monitoring.errors import invalid_token, validation
from sm_container.service.monitoring.metrics import find_metric
from sm_container.service.monitoring.statistics import (
    Datapoint,
    Window,
    datapoints,
    require_statistic,
)
from sm_container.service.operations import Members

_MOST_QUERIES = 500
_MOST_POINTS = 100_800
_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")
_ZONE = re.compile(r"[+-][0-9]{4}")
_QUESTION = ("MetricDataQueries", "StartTime", "EndTime", "ScanBy")


def get_data(account: Account, members: Members) -> Members:
    """The values of each query, one query after the other, until the page is full.

    A page that ends within a query says PartialData of it, and the next goes on there. A token
    holds the time of the last value, so that one which comes meanwhile is neither lost nor doubled.
    """
    queries = members["MetricDataQueries"]
    _require_sense(account, members)
    question = {each: members.get(each) for each in _QUESTION}
    begin, after = _place(members, question, len(queries))
    room = members.get("MaxDatapoints", _MOST_POINTS)
    results: list[Members] = []
    for number, query in enumerate(queries[begin:], begin):
        found = list(_points(account, members, query, after if number == begin else None))
        shown = found[:room]
        room -= len(shown)
        if query.get("ReturnData", True):
            results.append(_result(query, shown, is_whole=len(shown) == len(found)))
        if len(shown) < len(found) or (not room and number + 1 < len(queries)):
            place = [number, shown[-1].start] if shown and len(shown) < len(found) else None
            token = tokens.written(place or [number + 1, None], question)
            return {"MetricDataResults": results, "Messages": [], "NextToken": token}
    return {"MetricDataResults": results, "Messages": []}


def _points(
    account: Account, members: Members, query: Members, after: float | None
) -> Iterator[Datapoint]:
    """A query's points in the order that is asked for, those after a time alone."""
    if not query.get("ReturnData", True):
        return
    stat = query["MetricStat"]
    named = stat["Metric"]
    metric = find_metric(
        account, named.get("Namespace"), named.get("MetricName"), named.get("Dimensions", ())
    )
    if metric is None or stat.get("Unit", metric.unit) != metric.unit:
        return
    window = Window.of(members["StartTime"], members["EndTime"], stat["Period"])
    found = datapoints(metric, window, [stat["Stat"]])
    ascending = members.get("ScanBy") == "TimestampAscending"
    for each in found if ascending else reversed(found):
        if after is None or (each.start > after if ascending else each.start < after):
            yield each


def _result(query: Members, shown: Sequence[Datapoint], *, is_whole: bool) -> Members:
    stat = query["MetricStat"]
    return {
        "Id": query["Id"],
        "Label": query.get("Label", stat["Metric"].get("MetricName", "")),
        "Timestamps": [each.time for each in shown],
        "Values": [each.statistics[stat["Stat"]] for each in shown],
        "StatusCode": "Complete" if is_whole else "PartialData",
    }


def _place(members: Members, question: Members, queries: int) -> tuple[int, float | None]:
    """The query to go on with, and the time of the last value that was shown of it."""
    if "NextToken" not in members:
        return 0, None
    try:
        number, after = tokens.read(members["NextToken"], question)
        if not 0 <= int(number) < queries:
            raise invalid_token()
        return int(number), None if after is None else float(after)
    except (ValueError, TypeError):
        raise invalid_token() from None


def _require_sense(account: Account, members: Members) -> None:
    """Raises ServiceError where a query cannot be answered, saying which."""
    queries = members["MetricDataQueries"]
    if not 0 < len(queries) <= _MOST_QUERIES:
        raise validation(f"MetricDataQueries must have 1 to {_MOST_QUERIES} queries")
    if not 0 < members.get("MaxDatapoints", _MOST_POINTS) <= _MOST_POINTS:
        raise validation(f"MaxDatapoints must be from 1 to {_MOST_POINTS:,}")
    zone = members.get("LabelOptions", {}).get("Timezone", "+0000")
    if not _ZONE.fullmatch(zone):
        raise validation(f"LabelOptions.Timezone '{display(zone)}' is not of the form +0130")
    for query in queries:
        if not _ID.fullmatch(query["Id"]):
            raise validation(
                f"The Id '{display(query['Id'])}' must begin with a lowercase letter and have "
                "letters, numbers and underscores alone"
            )
        _require_metric(account, members, query)
    if len({query["Id"] for query in queries}) < len(queries):
        raise validation("The values for parameter Id in MetricDataQueries are not unique.")


def _require_metric(account: Account, members: Members, query: dict[str, Any]) -> None:
    about = f"the query '{query['Id']}'"
    if "Expression" in query:
        raise validation(f"Expression of {about} is not computed here: ask for its MetricStat")
    if "MetricStat" not in query:
        raise validation(f"MetricStat of {about} is missing")
    if "Period" in query:
        raise validation(f"Period of {about} is for an Expression; MetricStat has its own")
    if query.get("AccountId", account.id) != account.id:
        raise validation(f"AccountId of {about} is not linked: the only account is {account.id}")
    if "${" in query.get("Label", ""):
        # Which is also all that LabelOptions would have an effect on.
        raise validation(f"Label of {about}: dynamic labels, ${{...}}, are not answered here")
    require_statistic(query["MetricStat"]["Stat"])
    Window.of(members["StartTime"], members["EndTime"], query["MetricStat"]["Period"])
