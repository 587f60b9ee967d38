"""Lists of jobs and algorithms: filtered, sorted, and cut into pages that a token leads through.

Source: ListTrainingJobs, ListAlgorithms, ListTags.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sm_container.service.errors import invalid
from sm_container.service.operations import Members

DEFAULT_RESULTS = 10

Item = TypeVar("Item")


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some of a list, and the token of the next page; None on the last."""

    items: tuple[Item, ...]
    token: str | None

    def tokens(self) -> Members:
        return {} if self.token is None else {"NextToken": self.token}


def page_of(
    items: Iterable[Item],
    members: Members,
    name: Callable[[Item], str],
    key: Callable[[Item], Any],
    results: int = DEFAULT_RESULTS,
) -> Page[Item]:
    """The page that a request asks for, of items in the order of ``key`` and then of ``name``.

    A token holds the last item's place and not a number, so that a job which is made or deleted
    meanwhile moves nothing from one page to another.

    Raises:
        ServiceError: where the token was not given for this request.
    """
    descending = members.get("SortOrder") == "Descending"
    ordered = sorted(items, key=lambda item: (key(item), name(item)), reverse=descending)
    query = {each: members[each] for each in sorted(members) if each != "NextToken"}
    if "NextToken" in members:
        place = tuple(_read(members["NextToken"], query))
        ordered = [
            each for each in ordered if _is_after((key(each), name(each)), place, descending)
        ]
    shown: Sequence[Item] = ordered[: members.get("MaxResults", results)]
    if len(shown) == len(ordered):
        return Page(tuple(shown), None)
    return Page(tuple(shown), _written([key(shown[-1]), name(shown[-1])], query))


def _is_after(place: tuple[Any, str], last: tuple[Any, ...], descending: bool) -> bool:
    return place < last if descending else place > last


def _written(place: list[Any], query: Members) -> str:
    return base64.urlsafe_b64encode(json.dumps([place, query]).encode()).decode()


def _read(token: str, query: Members) -> list[Any]:
    try:
        place, asked = json.loads(base64.urlsafe_b64decode(token))
        [_, last] = place
    except (ValueError, TypeError):
        raise invalid("Invalid NextToken") from None
    if asked != query or not isinstance(last, str):
        raise invalid("Invalid NextToken: it was given for another request")
    return [place[0], last]
