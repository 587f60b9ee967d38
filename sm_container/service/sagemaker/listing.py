"""Lists of jobs and algorithms: filtered, sorted, and cut into pages that a token leads through.

Source: ListTrainingJobs, ListAlgorithms, ListTags.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sm_container.service import tokens
from sm_container.service.errors import ServiceError, invalid
from sm_container.service.operations import Members

DEFAULT_RESULTS = 10

Item = TypeVar("Item")


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some of a list, and the token of the next page; None on the last."""

    items: tuple[Item, ...]
    token: str | None

    def next_token(self) -> Members:
        """NextToken, as an answer has it."""
        return {} if self.token is None else {"NextToken": self.token}


def page_of(
    kind: str,
    items: Iterable[Item],
    members: Members,
    name: Callable[[Item], str],
    key: Callable[[Item], Any],
    results: int = DEFAULT_RESULTS,
) -> Page[Item]:
    """The page that a request asks for, of items in the order of ``key`` and then of ``name``.
    ``kind`` is what is listed: the token of another list is not taken.

    A token holds the last item's place and not a number, so that a job which is made or deleted
    meanwhile moves nothing from one page to another. MaxResults may change from page to page.

    Raises:
        ServiceError: where the token was not given for this request.
    """
    descending = members.get("SortOrder") == "Descending"
    ordered = sorted(items, key=lambda item: (key(item), name(item)), reverse=descending)
    asked = {each: members[each] for each in sorted(members) if each not in _OF_ONE_PAGE}
    query = {"List": kind, **asked}
    if "NextToken" in members:
        place = _read(members["NextToken"], query)
        ordered = [
            each for each in ordered if _is_after((key(each), name(each)), place, descending)
        ]
    shown: Sequence[Item] = ordered[: members.get("MaxResults", results)]
    if len(shown) == len(ordered):
        return Page(tuple(shown), None)
    return Page(tuple(shown), tokens.written((key(shown[-1]), name(shown[-1])), query))


_OF_ONE_PAGE = ("NextToken", "MaxResults")

Place = tuple[Any, str]


def _is_after(place: Place, last: Place, descending: bool) -> bool:
    try:
        return place < last if descending else place > last
    except TypeError:  # a token that was made by hand
        raise _refused() from None


def _read(token: str, query: Members) -> Place:
    try:
        key, name = tokens.read(token, query)
    except (tokens.TokenError, ValueError, TypeError):
        raise _refused() from None
    if not isinstance(name, str):
        raise _refused()
    return key, name


def _refused() -> ServiceError:
    return invalid("Invalid NextToken: it was not given for this request")
