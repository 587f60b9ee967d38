"""The console as an ASGI application: its addresses, and the page at each."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sm_container.service.account import Account
from sm_container.service.console import actions, entrance, train
from sm_container.service.console.algorithms import algorithm, algorithms
from sm_container.service.console.answering import (
    Page,
    answering,
    closed,
    fault_page,
    not_found,
    with_headers,
)
from sm_container.service.console.artifacts import artifact
from sm_container.service.console.job import job, job_now
from sm_container.service.console.jobs import jobs
from sm_container.service.console.logs import log_more, logs, whole_log
from sm_container.service.console.session import Door
from sm_container.service.console.statics import static

_SHOWN: tuple[tuple[str, Page], ...] = (
    ("/", jobs),
    ("/jobs/{name}", job),
    ("/jobs/{name}/now", job_now),
    ("/jobs/{name}/logs", logs),
    ("/jobs/{name}/logs/{host}", whole_log),
    ("/jobs/{name}/logs/{host}/more", log_more),
    ("/jobs/{name}/artifacts/{artifact:path}", artifact),
    ("/algorithms", algorithms),
    ("/algorithms/{name}", algorithm),
    ("/train", train.form),
    ("/algorithms/{name}/train", train.form),
)
_DONE: tuple[tuple[str, Page], ...] = (
    ("/jobs/{name}/stop", actions.stop),
    ("/jobs/{name}/delete", actions.delete),
    ("/train", train.submitted),
    ("/algorithms/{name}/train", train.submitted),
    ("/train/check", train.checked),
    ("/algorithms/{name}/train/check", train.checked),
)


def console(account: Account) -> ASGIApp:
    """The pages of an account, for who may see them."""
    door = Door(account.settings)

    async def nowhere(request: Request, _: Exception) -> Response:
        if not door.lets_in(request):
            return closed(request)
        fault = not_found("There is no page at this address, or it takes no such request")
        return with_headers(fault_page(account, fault))

    return Starlette(
        routes=[
            *(
                Route(path, answering(account, door, page), methods=["GET"])
                for path, page in _SHOWN
            ),
            *(
                Route(path, answering(account, door, page), methods=["POST"])
                for path, page in _DONE
            ),
            Route("/sign-in", entrance.sign_in(account, door), methods=["GET", "POST"]),
            Route("/sign-out", entrance.sign_out(account, door), methods=["POST"]),
            Route("/static/{name}", static, methods=["GET"]),
        ],
        exception_handlers={404: nowhere, 405: nowhere},
    )
