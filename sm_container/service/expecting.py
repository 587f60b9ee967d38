"""Requests whose body waits for leave: ``Expect: 100-continue``.

A client that is answered instead sends no body, and takes the connection for its next request, of
which the server would take as much for the body that did not come. Source: RFC 9110, "Expect".
"""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Expecting:
    """The application, whose connection ends with an answer that comes without the body asked for.

    uvicorn gives leave as the application first asks for the body.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "expect" not in Headers(scope=scope):
            await self._app(scope, receive, send)
            return
        has_leave = False

        async def receive_after_leave() -> Message:
            nonlocal has_leave
            has_leave = True
            return await receive()

        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start" and not has_leave:
                MutableHeaders(scope=message)["connection"] = "close"
            await send(message)

        await self._app(scope, receive_after_leave, send_last)
