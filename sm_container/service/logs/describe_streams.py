"""Log streams in a list. Source: DescribeLogStreams."""

from __future__ import annotations

from typing import Any

from sm_container.service import tokens
from sm_container.service.account import Account
from sm_container.service.logs.errors import invalid_parameter, invalid_token
from sm_container.service.logs.groups import group_arn, require_group
from sm_container.service.logs.streams import Stream, streams_of
from sm_container.service.operations import Members

_LIMIT = 50


def describe_streams(account: Account, members: Members) -> Members:
    """A page of streams, by name or by when they were last written to.

    There is a token only where streams are left: the SageMaker SDK asks for as many as its job has
    hosts, and where it gets a token it asks the same again, for ever. A page holds a place and not
    a number, so that a stream which comes or goes meanwhile moves no other.
    """
    require_group(account, members)
    prefix = members.get("logStreamNamePrefix", "")
    by_time = members.get("orderBy") == "LastEventTime"
    if by_time and prefix:
        raise invalid_parameter("Cannot order by LastEventTime with a logStreamNamePrefix.")
    descending = members.get("descending", False)
    query = {"prefix": prefix, "by_time": by_time, "descending": descending}

    def place(stream: Stream) -> list[Any]:
        return [stream.last if by_time else 0, stream.name]

    streams = sorted(streams_of(account, prefix), key=place, reverse=descending)
    if "nextToken" in members:
        before = _read(members["nextToken"], query)
        streams = [
            each
            for each in streams
            if (place(each) < before if descending else place(each) > before)
        ]
    shown = streams[: members.get("limit", _LIMIT)]
    answer: Members = {"logStreams": [_described(account, each) for each in shown]}
    if len(shown) < len(streams):
        answer["nextToken"] = tokens.written(place(shown[-1]), query)
    return answer


def _read(token: str, query: Members) -> list[Any]:
    try:
        [moment, name] = tokens.read(token, query)
        return [int(moment), str(name)]
    except (ValueError, TypeError):
        raise invalid_token() from None


def _described(account: Account, stream: Stream) -> Members:
    return {
        "logStreamName": stream.name,
        "creationTime": stream.first,
        "firstEventTimestamp": stream.first,
        "lastEventTimestamp": stream.last,
        "lastIngestionTime": stream.last,
        "arn": f"{group_arn(account)}:log-stream:{stream.name}",
        "storedBytes": 0,  # the service shows no other number of any stream since 2019
    }
