"""The events of one log stream, page by page in either direction. Source: GetLogEvents."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

from sm_container.service.account import Account
from sm_container.service.logs.errors import invalid_token, no_such_stream
from sm_container.service.logs.events import PAGE_EVENTS, Event, EventLog, page_of
from sm_container.service.logs.groups import require_group
from sm_container.service.logs.streams import find_stream
from sm_container.service.operations import Members

_TOKEN = re.compile(r"(?P<direction>[fb])/(?P<position>[0-9]{1,19})/(?P<stream>[0-9]{1,10})")


@dataclass(frozen=True)
class _Page:
    """Events in their order, and the positions before the first and after the last of them."""

    events: list[Event]
    first: int
    last: int


def get_events(account: Account, members: Members) -> Members:
    """A page of events, with tokens for the next one in both directions.

    A token is a byte of the log: where there is nothing after it, the same token comes back, and
    finds what is written later. Whichever way a page was found, its events are the oldest first.
    """
    require_group(account, members)
    stream = find_stream(account, members["logStreamName"])
    mark = zlib.crc32(stream.name.encode())
    try:
        log = stream.open()
    except FileNotFoundError:
        raise no_such_stream() from None
    with log:
        page = _page(log, members, mark)
    return {
        "events": [_answered(each) for each in page.events],
        "nextForwardToken": f"f/{page.last}/{mark}",
        "nextBackwardToken": f"b/{page.first}/{mark}",
    }


def _page(log: EventLog, members: Members, mark: int) -> _Page:
    low, high = log.between(members.get("startTime"), members.get("endTime"))
    if "nextToken" in members:
        is_forward, position = _read(members["nextToken"], mark)
        if position > log.end:
            raise invalid_token()
    else:
        is_forward = members.get("startFromHead", False)
        position = low if is_forward else high
    limit = members.get("limit", PAGE_EVENTS)
    if is_forward:
        events = page_of(log.forward(max(position, low), high), limit)
    else:
        events = page_of(log.backward(min(position, high), low), limit)[::-1]
    if not events:
        return _Page([], position, position)
    return _Page(events, events[0].start, events[-1].end)


def _read(token: str, mark: int) -> tuple[bool, int]:
    """Which way a token leads, and from where. Raises ServiceError where it is another stream's."""
    found = _TOKEN.fullmatch(token)
    if found is None or int(found["stream"]) != mark:
        raise invalid_token()
    return found["direction"] == "f", int(found["position"])


def _answered(event: Event) -> Members:
    return {
        "timestamp": event.timestamp,
        "message": event.message,
        "ingestionTime": event.timestamp,
    }
