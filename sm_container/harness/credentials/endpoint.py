"""The container-credentials endpoint: what an SDK in the container asks for its credentials.

Source: "Amazon ECS task IAM role"; AWS_CONTAINER_CREDENTIALS_RELATIVE_URI.
"""

from __future__ import annotations

import hmac
import json
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sm_container.harness.credentials.source import CredentialsSource

RELATIVE_URI_VARIABLE = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
FULL_URI_VARIABLE = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN_VARIABLE = "AWS_CONTAINER_AUTHORIZATION_TOKEN"

_IP_FREEBIND = 15  # lets an address be bound before its interface is there


class CredentialsEndpoint(ThreadingHTTPServer):
    """Serves credentials at a path that cannot be guessed, and nowhere else.

    The service's own form has no token; where the form with a full address is used, it has one.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self, host: str, port: int, source: CredentialsSource, *, wants_token: bool
    ) -> None:
        self.wants_token = wants_token
        self.path = f"/v2/credentials/{uuid.uuid4()}"
        self.token = uuid.uuid4().hex
        self.source = source
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
        # Not HTTPServer's, which asks DNS for a name of the address.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    @property
    def relative_environment(self) -> dict[str, str]:
        """The variables of the service: a path at 169.254.170.2, port 80."""
        return {RELATIVE_URI_VARIABLE: self.path}

    @property
    def full_environment(self) -> dict[str, str]:
        """The variables that name address and port too, and a token that must come with it."""
        host, port = self.server_address[:2]
        return {
            FULL_URI_VARIABLE: f"http://{host!s}:{port}{self.path}",
            TOKEN_VARIABLE: self.token,
        }

    @contextmanager
    def serving(self) -> Iterator[None]:
        thread = threading.Thread(
            target=self.serve_forever, args=(0.05,), name="credentials", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            self.shutdown()
            thread.join()
            self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: CredentialsEndpoint
    timeout = 10  # of an idle connection, in seconds

    def do_GET(self) -> None:
        if not self._is_allowed():
            self._answer(404, {"code": "NotFound", "message": "no credentials at this path"})
            return
        try:
            document = self.server.source().to_document()
        except Exception as fault:  # noqa: BLE001 - whatever botocore raises, the SDK must be told
            self._answer(500, {"code": "CredentialsError", "message": type(fault).__name__})
            return
        self._answer(200, document)

    def _is_allowed(self) -> bool:
        token = self.headers.get("Authorization", "")
        return hmac.compare_digest(self.path.encode(), self.server.path.encode()) and (
            not self.server.wants_token
            or hmac.compare_digest(token.encode(), self.server.token.encode())
        )

    def _answer(self, status: int, document: dict[str, str]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged: a path here is as good as a key."""
