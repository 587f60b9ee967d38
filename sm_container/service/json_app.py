"""An API of the JSON protocol as an ASGI application."""

from __future__ import annotations

import uuid

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sm_container.service.account import Account
from sm_container.service.bodies import body_of
from sm_container.service.errors import ServiceError
from sm_container.service.operations import Api
from sm_container.service.wire import json as wire


class JsonApp:
    """Answers the operation that ``X-Amz-Target`` names, each in a thread of its own."""

    def __init__(self, account: Account, api: Api) -> None:
        self._account = account
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._answer(Request(scope, receive))
        except Exception as fault:  # a defect of ours: the client is told, and the trace is logged
            unforeseen = ServiceError("InternalFailure", f"{type(fault).__name__}: {fault}", 500)
            response = self._response(wire.error(unforeseen), unforeseen.status)
            await response(scope, receive, send)
            raise
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
        try:
            members = wire.parse(await body_of(request))
            found = await run_in_threadpool(self._api.call, self._account, operation, members)
        except ServiceError as fault:
            return self._response(wire.error(fault), fault.status)
        return self._response(wire.answer(found), 200)

    def _response(self, body: bytes, status: int) -> Response:
        headers = {"x-amzn-RequestId": str(uuid.uuid4())}
        return Response(body, status, headers, wire.CONTENT_TYPE)
