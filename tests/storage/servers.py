"""Real servers that speak S3: rclone with objects on disk, moto, and one that fails on order."""

from __future__ import annotations

import hashlib
import re
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest

ACCESS_KEY = "an-access-key"
_PIECE = 64 << 10
SECRET_KEY = "a-secret-key-that-no-log-may-show"


def use_endpoint(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """Point the AWS environment at a server, and away from whatever this machine has."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def rclone(root: Path, *, certificate: Path | None = None) -> Iterator[str]:
    """Serve the folders of ``root`` as buckets; gives the endpoint's URL.

    ``certificate`` holds a certificate and its key: then the server speaks TLS.
    """
    port = free_port()
    program = Path(sys.executable).parent / "rclone"
    command = [program, "serve", "s3", "--addr", f"127.0.0.1:{port}", "--config", "/dev/null"]
    command += ["--auth-key", f"{ACCESS_KEY},{SECRET_KEY}", root]
    if certificate:
        command += ["--cert", certificate, "--key", certificate]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as server:
        try:
            deadline = time.monotonic() + 30
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    if server.poll() is not None or time.monotonic() > deadline:
                        server.kill()
                        raise RuntimeError(server.communicate()[1]) from None
                    time.sleep(0.02)
            yield f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
        finally:
            server.kill()


def make_certificate(path: Path) -> Path:
    """Write a certificate for 127.0.0.1, signed by its own key, and that key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a test's server")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(
        encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(certificate.public_bytes(encoding) + private)
    return path


@contextmanager
def moto() -> Iterator[str]:
    """moto's server; gives the endpoint's URL."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@dataclass
class Faults:
    """What the server is to do wrong; each number of bytes or times is used up by one request."""

    cut_after: list[int] = field(default_factory=list)
    """Send so many bytes of a body, then reset the connection."""
    busy: int = 0
    """Answer 503 SlowDown so many times."""
    stall_after: list[int] = field(default_factory=list)
    """Send so many bytes of a body, then nothing more while the client waits."""
    end_after: list[int] = field(default_factory=list)
    """Send so many bytes of a body, then close the connection as if that were all."""
    tear_chunk_after: list[int] = field(default_factory=list)
    """Send a body as one chunk (Transfer-Encoding), and close after so many bytes of it."""
    latency_seconds: float = 0.0
    """Wait so long before the answer to each request."""
    bytes_per_second: float | None = None
    """Send a body no faster."""
    ignores_conditions: bool = False
    """Take no notice of If-Match."""
    ignores_ranges: bool = False
    on_get: Callable[[int], None] | None = None
    """Called with the number of each GET of an object, before it is answered."""


@dataclass(frozen=True)
class Seen:
    method: str
    key: str
    range: str | None
    if_match: str | None


class FaultyServer(ThreadingHTTPServer):
    """Objects of one bucket in memory, GET, HEAD and ListObjectsV2, with faults on order."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, bytes] = {}
        self.faults = Faults()
        self.seen: list[Seen] = []
        self.lock = threading.Lock()
        self.closing = threading.Event()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Connections are reset here on purpose."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyServer

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        key = unquote(parts.path).removeprefix("/bucket").removeprefix("/")
        query = parse_qs(parts.query)
        if not unquote(parts.path).startswith("/bucket"):
            return self._error(404, "NoSuchBucket")
        if "list-type" in query:
            return self._list(query.get("prefix", [""])[0])
        return self._object(key)

    def _object(self, key: str) -> None:
        server, faults = self.server, self.server.faults
        asked, if_match = self.headers.get("Range"), self.headers.get("If-Match")
        with server.lock:
            server.seen.append(Seen(self.command, key, asked, if_match))
            if self.command == "GET" and faults.on_get:
                faults.on_get(sum(seen.method == "GET" for seen in server.seen))
            body = server.objects.get(key)
            is_busy = faults.busy > 0
            faults.busy -= is_busy
        time.sleep(faults.latency_seconds)
        if is_busy:
            return self._error(503, "SlowDown")
        if body is None:
            return self._error(404, "NoSuchKey")
        if if_match not in (None, _etag(body)) and not faults.ignores_conditions:
            return self._error(412, "PreconditionFailed")
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", asked or "")
        total, status = len(body), 200
        extra = {}
        if found and not faults.ignores_ranges:
            start, end = int(found[1]), min(int(found[2]) + 1, total)
            if start >= total:
                return self._error(416, "InvalidRange")
            etag, status = _etag(body), 206
            extra = {"Content-Range": f"bytes {start}-{end - 1}/{total}"}
        else:
            start, end, etag = 0, total, _etag(body)
        is_torn = self.command == "GET" and bool(faults.tear_chunk_after)
        length = ("Transfer-Encoding", "chunked") if is_torn else ("Content-Length", end - start)
        self.send_response(status)
        for name, value in (length, ("ETag", etag), *extra.items()):
            self.send_header(name, str(value))
        self.end_headers()
        if is_torn:
            part = body[start : start + faults.tear_chunk_after.pop(0)]
            self.wfile.write(b"%x\r\n%s" % (end - start, part))
            self.close_connection = True
        elif self.command == "GET":
            self._send(body[start:end])
        return None

    def _send(self, body: bytes) -> None:
        faults = self.server.faults
        with self.server.lock:
            cut = faults.cut_after.pop(0) if faults.cut_after else None
            stall = faults.stall_after.pop(0) if faults.stall_after else None
            end = faults.end_after.pop(0) if faults.end_after else None
        if cut is not None:
            self.wfile.write(body[:cut])
            self.wfile.flush()
            # Give what was sent a chance to be read: a reset throws away what was not.
            time.sleep(0.05)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
        elif stall is not None:
            self.wfile.write(body[:stall])
            self.wfile.flush()
            self.server.closing.wait(60)
            self.close_connection = True
        elif end is not None:
            self.wfile.write(body[:end])
            self.close_connection = True
        elif faults.bytes_per_second:
            for at in range(0, len(body), _PIECE):
                piece = body[at : at + _PIECE]
                self.wfile.write(piece)
                time.sleep(len(piece) / faults.bytes_per_second)
        else:
            self.wfile.write(body)

    def _list(self, prefix: str) -> None:
        found = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(body)}</Size>"
            f"<ETag>{escape(_etag(body))}</ETag>"
            f"<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
            for key, body in sorted(self.server.objects.items())
            if key.startswith(prefix)
        )
        self._answer(200, f"<ListBucketResult>{found}</ListBucketResult>")

    def _error(self, status: int, code: str) -> None:
        self._answer(status, f"<Error><Code>{code}</Code><Message>as ordered</Message></Error>")

    def _answer(self, status: int, text: str) -> None:
        body = f'<?xml version="1.0"?>{text}'.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}"'


@contextmanager
def faulty() -> Iterator[FaultyServer]:
    """A server with one bucket, ``bucket``, and no objects yet."""
    with FaultyServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()
