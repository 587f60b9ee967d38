"""The page of all jobs: searched, filtered, sorted, in pages, and live."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from sm_container.harness.job.status import JobStatus
from sm_container.harness.store.index import Summary
from sm_container.service.account import Account
from sm_container.service.console.asked import Asked
from sm_container.service.console.rendering import rendered

ROWS = 25
_STATUSES = tuple(each.value for each in JobStatus)
_RUNNING = frozenset(each.value for each in JobStatus if not each.is_terminal)


@dataclass(frozen=True)
class Query:
    """What of the jobs is shown, and in which order; ``page`` counts from 1."""

    search: str = ""
    status: str = ""
    sort: str = "created"
    order: str = "descending"
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Query:
        """As asked for; what is no choice is as it is by default."""
        sort = query.get("sort", "")
        page = query.get("page", "")
        order = query.get("order", "")
        status = query.get("status", "")
        return cls(
            search=query.get("search", "").strip(),
            status=status if status in _STATUSES else "",
            sort=sort if sort in _SORTS else cls.sort,
            order=order if order in ("ascending", "descending") else cls.order,
            page=int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
        )

    def url(self, **changes: Any) -> str:
        """The page with some of it changed, and the rest as it is."""
        changed = replace(self, **changes)
        given = {
            name: value
            for name, value in vars(changed).items()
            if value != getattr(type(self), name)
        }
        return f"/?{urlencode(given)}" if given else "/"

    def sorted_by(self, sort: str) -> str:
        """The page sorted by a column, the other way round where it is already."""
        is_other_way = self.sort == sort and self.order == "ascending"
        return self.url(sort=sort, order="descending" if is_other_way else "ascending", page=1)


@dataclass(frozen=True)
class Row:
    """A job in the table. ``seconds`` is from its creation to its end, or to now."""

    name: str
    status: str
    secondary: str
    created: float
    seconds: float
    target: str


def jobs(account: Account, asked: Asked) -> Response:
    query = Query.of(asked.query)
    now = time.time()
    found = [_row(each, now) for each in account.store.summaries()]
    suiting = [each for each in found if _suits(each, query)]
    suiting.sort(key=lambda row: row.name)
    suiting.sort(key=_SORTS[query.sort], reverse=query.order == "descending")
    pages = max(1, -(-len(suiting) // ROWS))
    query = replace(query, page=min(max(query.page, 1), pages))
    first = (query.page - 1) * ROWS
    return rendered(
        account,
        "jobs.html",
        query=query,
        statuses=_STATUSES,
        columns=_COLUMNS,
        rows=suiting[first : first + ROWS],
        first=first,
        count=len(suiting),
        pages=pages,
        total=len(found),
        running=sum(each.status in _RUNNING for each in found),
    )


def _row(job: Summary, now: float) -> Row:
    until = now if job.status in _RUNNING else job.modified
    seconds = max(0.0, until - job.created)
    return Row(job.name, job.status, job.secondary, job.created, seconds, job.target)


def _suits(row: Row, query: Query) -> bool:
    return query.search.lower() in row.name.lower() and query.status in ("", row.status)


_SORTS: Mapping[str, Callable[[Row], Any]] = {
    "name": lambda row: row.name.lower(),
    "status": lambda row: row.status,
    "created": lambda row: row.created,
    "duration": lambda row: row.seconds,
}
_COLUMNS = (
    ("name", "Name"),
    ("status", "Status"),
    ("created", "Created"),
    ("duration", "Duration"),
)
