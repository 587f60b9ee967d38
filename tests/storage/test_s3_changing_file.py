"""Uploads of a file that somebody writes to meanwhile."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sm_container.storage.errors import ObjectChangedError
from sm_container.storage.s3 import S3Store
from tests.storage.servers import use_endpoint

SMALL, LARGE = 12 << 20, 40 << 20
FIRST = 64 << 10


class Server(ThreadingHTTPServer):
    """Takes what is put there; does something when the first bytes of a body have come."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.begun: Callable[[], object] = lambda: None
        self.bodies: list[bytes] = []
        self.seen: list[str] = []
        self.lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def do_PUT(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(min(FIRST, length))
        with self.server.lock:
            self.server.seen.append("PUT")
            self.server.begun()
        body += self.rfile.read(length - len(body))
        if len(body) < length:
            self.close_connection = True  # there is nobody to answer any more
        else:
            self.server.bodies.append(body)
            self._answer(200)

    def do_POST(self) -> None:
        self.server.seen.append("POST")
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer(
            200,
            b"<InitiateMultipartUploadResult><UploadId>an-id</UploadId>"
            b"</InitiateMultipartUploadResult>",
        )

    def do_DELETE(self) -> None:
        self.server.seen.append("DELETE")
        self._answer(204)

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("ETag", '"an-etag"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with Server() as running:
        use_endpoint(monkeypatch, f"http://127.0.0.1:{running.server_address[1]}")
        thread = threading.Thread(target=running.serve_forever, args=(0.05,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def source(hostile_tmp_path: Path) -> Path:
    return hostile_tmp_path / "source"


@pytest.mark.parametrize(
    ("size", "left", "expected"),
    [(SMALL, 0, ["PUT"]), (SMALL, SMALL - 1, ["PUT"]), (LARGE, FIRST, ["POST", "PUT", "DELETE"])],
)
def test_a_file_that_shrinks_ends_its_upload_at_once(
    server: Server, source: Path, size: int, left: int, expected: list[str]
) -> None:
    source.write_bytes(os.urandom(size))
    server.begun = lambda: os.truncate(source, left)
    with pytest.raises(ObjectChangedError, match="became shorter while it was uploaded"):
        S3Store("bucket").upload(source, "key")
    assert list(dict.fromkeys(server.seen)) == expected
    assert server.seen.count("PUT") <= -(-size // (16 << 20))  # nothing was sent twice


@pytest.mark.parametrize("size", [1, SMALL])
def test_what_is_appended_meanwhile_is_not_sent(server: Server, source: Path, size: int) -> None:
    body = os.urandom(size)
    source.write_bytes(body)

    def append() -> None:
        with source.open("ab") as file:
            file.write(b"appended")

    server.begun = append
    store = S3Store("bucket")
    store.upload(source, "key")
    store.upload(source, "key")  # the connection is good for another one
    assert server.bodies == [body, body + b"appended"]
