"""The page that asks for the token, where the service has one."""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from sm_container.service.account import Account
from sm_container.service.console.answering import Endpoint, fault_page, see_other, with_headers
from sm_container.service.console.asked import asked_of, own_path
from sm_container.service.console.rendering import rendered
from sm_container.service.console.session import Door
from sm_container.service.errors import ServiceError
from sm_container.service.origin import require_own_page


def sign_in(account: Account, door: Door) -> Endpoint:
    """The form, and what it leads to."""

    async def answer(request: Request) -> Response:
        try:
            return with_headers(await _answer(request))
        except ServiceError as fault:
            return with_headers(fault_page(account, fault))

    async def _answer(request: Request) -> Response:
        where = own_path(request.query_params.get("next"))
        if request.method != "POST":
            if door.lets_in(request):
                return see_other(where)
            return rendered(account, "sign_in.html", next=where, is_wrong=False)
        require_own_page(request)
        asked = await asked_of(request)
        where = own_path(asked.form.get("next"))
        if door.is_locked and not door.opens_for(asked.form.get("token", "").strip()):
            status = HTTPStatus.FORBIDDEN
            return rendered(account, "sign_in.html", status, next=where, is_wrong=True)
        response = see_other(where)
        door.sign_in(response)
        return response

    return answer


def sign_out(account: Account, door: Door) -> Endpoint:
    async def answer(request: Request) -> Response:
        try:
            require_own_page(request)
        except ServiceError as fault:
            return with_headers(fault_page(account, fault))
        response = see_other("/sign-in")
        door.sign_out(response)
        return with_headers(response)

    return answer
