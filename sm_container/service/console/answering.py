"""How every page is answered: who may ask, in which thread, and what a browser is told of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sm_container.service.account import Account
from sm_container.service.console.asked import Asked, asked_of
from sm_container.service.console.rendering import rendered
from sm_container.service.console.session import Door
from sm_container.service.errors import ServiceError
from sm_container.service.origin import require_own_page

Page = Callable[[Account, Asked], Response]
Endpoint = Callable[[Request], Awaitable[Response]]

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; object-src 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer, with which a browser sends "null" as a form's Origin.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def answering(account: Account, door: Door, page: Page) -> Endpoint:
    """An endpoint that shows a page to whom ``door`` lets in, and takes a form from a page of this
    console alone. The page is made in a thread, since it reads files."""

    async def answer(request: Request) -> Response:
        try:
            if request.method == "POST":
                require_own_page(request)
            if not door.lets_in(request):
                return closed(request)
            response = await run_in_threadpool(page, account, await asked_of(request))
        except ServiceError as fault:
            response = fault_page(account, fault)
        return with_headers(response)

    return answer


def see_other(url: str) -> Response:
    """Lead a browser to another page of the console."""
    return RedirectResponse(url, HTTPStatus.SEE_OTHER)


def fault_page(account: Account, fault: ServiceError) -> Response:
    """An error as a page for people."""
    return rendered(
        account,
        "error.html",
        fault.status,
        heading=HTTPStatus(fault.status).phrase,
        message=fault.message,
    )


def not_found(message: str) -> ServiceError:
    return ServiceError("NotFound", message, HTTPStatus.NOT_FOUND)


def with_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def closed(request: Request) -> Response:
    """Lead to signing in: the whole page, also where a part of it asked."""
    if "hx-request" in request.headers:
        return with_headers(Response(status_code=401, headers={"HX-Redirect": "/sign-in"}))
    path = request.url.path if request.method == "GET" else "/"
    return with_headers(see_other(f"/sign-in?next={quote(path)}"))
