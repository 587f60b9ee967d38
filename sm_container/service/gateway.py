"""One port for all: each request goes to the service that its signature names, or to the console.

A browser's page from elsewhere must not reach what listens on loopback: a request is answered
under the names of this machine alone, the APIs take nothing that is not signed, and nothing that
another site's page has signed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from sm_container.service.errors import ServiceError
from sm_container.service.origin import require_no_other_page
from sm_container.service.settings import Settings
from sm_container.service.signature import signature_of
from sm_container.service.wire.refusal import refusal

_PORT = re.compile(r":\d+$")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


class Gateway:
    """``apps`` are the services by their names for signatures; ``console`` gets what is not
    signed."""

    def __init__(self, settings: Settings, apps: Mapping[str, ASGIApp], console: ASGIApp) -> None:
        self._settings = settings
        self._apps = apps
        self._console = console

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            app = self._app_for(request)
        except ServiceError as fault:
            app = refusal(request, fault)
        await app(scope, receive, send)

    def _app_for(self, request: Request) -> ASGIApp:
        self._require_own_name(request)
        signature = signature_of(request)
        if signature is None:
            if "x-amz-target" in request.headers:
                raise ServiceError(
                    "MissingAuthenticationTokenException", "The request is not signed", 403
                )
            return self._console
        require_no_other_page(request)
        if not signature.suits(self._settings.token):
            raise ServiceError(
                "UnrecognizedClientException",
                "The security token included in the request is invalid: the access key has to be "
                "the service's token",
                403,
            )
        if signature.service not in self._apps:
            raise ServiceError(
                "UnknownOperationException",
                f"{signature.service} is not answered here; there are: {', '.join(self._apps)}"
                f"{self._elsewhere(signature.service)}",
            )
        return self._apps[signature.service]

    def _elsewhere(self, service: str) -> str:
        """Where a service is answered that is not here."""
        endpoint = self._settings.s3_endpoint
        if service != "s3" or endpoint is None:
            return ""
        return f"; the objects are elsewhere: set AWS_ENDPOINT_URL_S3 to {endpoint}"

    def _require_own_name(self, request: Request) -> None:
        """A name that somebody else has bound to this address is not ours."""
        name = _PORT.sub("", request.headers.get("host", ""))
        is_own = name in _LOOPBACK or name == self._settings.host
        if not is_own and self._settings.token is None:
            raise ServiceError(
                "AccessDeniedException",
                f"There is no {name!r} here: without a token, the service answers to 127.0.0.1, "
                "localhost and its --host alone",
                403,
            )
