"""CloudWatch as an ASGI application, in each of its protocols."""

from __future__ import annotations

import uuid

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sm_container.service.account import Account
from sm_container.service.bodies import body_of
from sm_container.service.errors import ServiceError
from sm_container.service.monitoring.api import API
from sm_container.service.monitoring.protocols import WireProtocol, protocol_of


class MonitoringApp:
    """Answers each operation in a thread of its own, in the protocol in which it was asked."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        protocol = protocol_of(request, self._account, API)
        request_id = str(uuid.uuid4())
        headers = {**protocol.headers, "x-amzn-RequestId": request_id}
        try:
            body = await body_of(request)
            found = await run_in_threadpool(self._called, protocol, request, body, request_id)
        except ServiceError as fault:
            side = "Sender" if fault.status < 500 else "Receiver"
            headers["x-amzn-query-error"] = f"{fault.code};{side}"
            return Response(protocol.error(fault, request_id), fault.status, headers)
        return Response(found, 200, headers)

    def _called(
        self, protocol: WireProtocol, request: Request, body: bytes, request_id: str
    ) -> bytes:
        operation, members = protocol.question(request, body)
        return protocol.answer(operation, API.call(self._account, operation, members), request_id)
