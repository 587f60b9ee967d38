"""STS, IAM and ECR as moto answers them, for this account: whoami, roles, repositories.

moto is imported as the first request comes; what is made there lasts as long as the service.
"""

from __future__ import annotations

import io
import threading
import uuid
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from sm_container.service.bodies import LIMIT
from sm_container.service.errors import ServiceError
from sm_container.service.wire import json, query

SERVICES = ("sts", "iam", "ecr")
_JSON = ("ecr",)
_THREADS = 4
_ANYBODY = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", '
    '"Principal": {"Service": "sagemaker.amazonaws.com"}}]}'
)

Start = Callable[..., Any]


class MotoApp:
    """One of ``SERVICES``, for an account."""

    def __init__(self, service: str, account: str) -> None:
        self._service = service
        self._account = account
        self._lock = threading.Lock()
        self._app: Any = None  # a2wsgi's, which has types of its own for ASGI

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app or await run_in_threadpool(self._opened)
        await app(scope, receive, send)

    def _opened(self) -> Any:
        with self._lock:
            if self._app is None:
                from a2wsgi import WSGIMiddleware
                from moto.moto_server.werkzeug_app import create_backend_app

                made: Any = create_backend_app(self._service)  # type: ignore[arg-type]
                made.debug = False  # a fault is an answer, not a page
                made.register_error_handler(NotImplementedError, self._unknown)
                answer: Any = partial(self._answer, made)
                self._app = WSGIMiddleware(answer, workers=_THREADS)
            return self._app

    def _answer(self, app: Any, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = self._account
        if self._service == "iam":
            body = environ["wsgi.input"].read(LIMIT)
            environ["wsgi.input"] = io.BytesIO(body)
            self._meet(parse_qs(body.decode("utf-8", "replace")))

        def start_for_no_page(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            """moto lets every page in a browser read what it says."""
            own = [each for each in headers if not each[0].lower().startswith("access-control-")]
            return start(status, own, *rest)

        found: Iterable[bytes] = app(environ, start_for_no_page)
        return found

    def _unknown(self, fault: NotImplementedError) -> tuple[bytes, int, dict[str, str]]:
        """What moto has not either."""
        said = ServiceError("UnknownOperationException", str(fault))
        if self._service in _JSON:
            return json.error(said), said.status, {"content-type": json.CONTENT_TYPE}
        body = query.error(said, "", str(uuid.uuid4()))
        return body, said.status, {"content-type": query.CONTENT_TYPE}

    def _meet(self, query: dict[str, list[str]]) -> None:
        """Make the role that GetRole asks for: any that a job is to run as exists."""
        from moto.backends import get_backend

        [action] = query.get("Action", [""])[:1]
        [name] = query.get("RoleName", [""])[:1]
        if action != "GetRole" or not name:
            return
        backend = get_backend("iam")[self._account]["aws"]
        with self._lock:
            if all(role.name != name for role in backend.get_roles()):
                backend.create_role(name, _ANYBODY, "/", None, "", [], None)
