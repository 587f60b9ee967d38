"""The events of many streams that suit a pattern. Source: FilterLogEvents."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field

from sm_container.service import tokens
from sm_container.service.account import Account
from sm_container.service.logs.errors import invalid_parameter, invalid_token
from sm_container.service.logs.events import PAGE_BYTES, PAGE_EVENTS, Event
from sm_container.service.logs.groups import require_group
from sm_container.service.logs.merging import Merging, Range
from sm_container.service.logs.pattern import Pattern, parse_pattern
from sm_container.service.logs.streams import Stream, find_stream, streams_of
from sm_container.service.operations import Members

_EARLIEST_DESCENDING = 1_704_067_200_000
"""2024-01-01, in milliseconds since the epoch."""
_SEARCHED_BYTES = 16 << 20
"""What is searched for one page: a client that waits is better served by an empty one."""
_SEARCH = ("logStreamNames", "logStreamNamePrefix", "startTime", "endTime", "filterPattern")


@dataclass
class _Page:
    """Events that were found, and where each stream is to be gone on with."""

    descending: bool
    positions: dict[str, int]
    found: list[tuple[Stream, Event]] = field(default_factory=list)
    size: int = 0
    searched: int = 0
    is_last: bool = True

    def fill(self, events: Iterable[tuple[Stream, Event]], pattern: Pattern, limit: int) -> None:
        """Search until the page is full, or enough was searched for one."""
        for stream, event in events:
            suits = pattern.suits(event.message)
            is_full = self.found and suits and self.size + event.size > PAGE_BYTES
            if is_full or len(self.found) == limit or self.searched > _SEARCHED_BYTES:
                self.is_last = False
                return
            if suits:
                self.found.append((stream, event))
                self.size += event.size
            self.searched += event.size
            self.positions[stream.name] = event.start if self.descending else event.end


def filter_events(account: Account, members: Members) -> Members:
    """A page of events, the oldest first or the newest, and a token where there may be more.

    ``interleaved`` and ``unmask`` change nothing: the service always interleaves, and nothing is
    masked here. A token holds how far each stream was read, so that no event which is written late
    is passed over.
    """
    require_group(account, members)
    if "logStreamNames" in members and "logStreamNamePrefix" in members:
        raise invalid_parameter(
            "logStreamNames and logStreamNamePrefix cannot both be given: ask with one of them"
        )
    pattern = parse_pattern(members.get("filterPattern", ""))
    query = {each: members[each] for each in _SEARCH if each in members}
    page = _begun(members, query)
    until = members.get("endTime")
    merging = Merging(
        _streams(account, members),
        Range(members.get("startTime"), None if until is None else until + 1),
        page.descending,
        dict(page.positions),
    )
    with closing(merging.events()) as events:
        page.fill(events, pattern, members.get("limit", PAGE_EVENTS))
    answer: Members = {
        "events": [_answered(stream, event) for stream, event in page.found],
        "searchedLogStreams": [],  # as in the service since 2020
    }
    if not page.is_last:
        answer["nextToken"] = tokens.written([page.descending, page.positions], query)
    return answer


def _begun(members: Members, query: Members) -> _Page:
    """A fresh page, or one that goes on where a token's has ended, in its direction."""
    if "nextToken" in members:
        try:
            descending, positions = tokens.read(members["nextToken"], query)
            return _Page(bool(descending), {str(k): int(v) for k, v in positions.items()})
        except (ValueError, TypeError, AttributeError):
            raise invalid_token() from None
    descending = not members.get("startFromHead", True)
    if descending and members.get("startTime", 0) < _EARLIEST_DESCENDING:
        raise invalid_parameter(
            "startFromHead can be false only with a startTime on or after 2024-01-01T00:00:00Z"
        )
    return _Page(descending, {})


def _streams(account: Account, members: Members) -> list[Stream]:
    if "logStreamNames" in members:
        return [find_stream(account, each) for each in dict.fromkeys(members["logStreamNames"])]
    return list(streams_of(account, members.get("logStreamNamePrefix", "")))


def _answered(stream: Stream, event: Event) -> Members:
    return {
        "logStreamName": stream.name,
        "timestamp": event.timestamp,
        "message": event.message,
        "ingestionTime": event.timestamp,
        "eventId": event_id(stream, event),
    }


def event_id(stream: Stream, event: Event) -> str:
    """Digits, as in the service, that no other event has, and this one always."""
    return f"{event.timestamp:013d}{zlib.crc32(stream.name.encode()):010d}{event.start:015d}"
