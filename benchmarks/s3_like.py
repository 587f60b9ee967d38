"""A server like S3 seen from afar: latency to the first byte, and a rate for each connection.

``python -m benchmarks.s3_like ROOT [LATENCY_SECONDS [BYTES_PER_SECOND]]`` serves the folders of
ROOT as buckets on a free port, which it prints; `serving` does so in a process of its own. It
answers GET (ranges, If-Match), HEAD and ListObjectsV2, takes any signature, and lets the kernel
send the bytes, so that it is not what a benchmark measures.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

PAGE = 1000
_PIECE_SECONDS = 0.004
_RANGE = re.compile(rb"\r\nrange: *bytes=(\d+)-(\d*)", re.I)
_IF_MATCH = re.compile(rb"\r\nif-match: *([^\r]+)", re.I)


@contextmanager
def serving(
    root: Path, latency_seconds: float = 0.0, bytes_per_second: float = 0.0
) -> Iterator[str]:
    """Serve ``root`` in a process of its own; gives the endpoint's URL. A rate of 0 is none."""
    command = [sys.executable, "-m", "benchmarks.s3_like", str(root)]
    command += [str(latency_seconds), str(bytes_per_second)]
    folder = Path(__file__).resolve().parent.parent
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


@dataclass(frozen=True)
class Request:
    method: str
    bucket: str
    key: str
    query: dict[str, list[str]]
    head: bytes


class Server:
    """A thread for each connection, as there are few."""

    def __init__(self, root: Path, latency_seconds: float, bytes_per_second: float) -> None:
        self._root = root
        self._latency = latency_seconds
        self._rate = bytes_per_second
        self._listed: dict[tuple[str, str], list[tuple[bytes, str, int, str]]] = {}

    def serve(self, listening: socket.socket) -> None:
        while True:
            connection, _ = listening.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        pending = b""
        with connection, suppress(ConnectionError):
            while True:
                while b"\r\n\r\n" not in pending:
                    more = connection.recv(65536)
                    if not more:
                        return
                    pending += more
                head, pending = pending.split(b"\r\n\r\n", 1)
                time.sleep(self._latency)
                self._answer(connection, _parsed(head))

    def _answer(self, connection: socket.socket, request: Request) -> None:
        if "list-type" in request.query:
            return _send(connection, request, "200 OK", self._page(request))
        path = self._root / request.bucket / request.key
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except OSError:
            return _send(connection, request, "404 Not Found", _error("NoSuchKey"))
        try:
            self._object(connection, request, descriptor)
        finally:
            os.close(descriptor)
        return None

    def _object(self, connection: socket.socket, request: Request, descriptor: int) -> None:
        status = os.fstat(descriptor)
        etag, size = _etag(status), status.st_size
        wanted = _IF_MATCH.search(request.head)
        if wanted and wanted[1].decode() != f'"{etag}"':
            text = _error("PreconditionFailed")
            return _send(connection, request, "412 Precondition Failed", text)
        start, end, said, extra = 0, size, "200 OK", ""
        asked = _RANGE.search(request.head)
        if asked:
            start, end = int(asked[1]), min(size, int(asked[2] or size) + 1)
            if start >= size:
                text = _error("InvalidRange")
                return _send(connection, request, "416 Range Not Satisfiable", text)
            said, extra = (
                "206 Partial Content",
                f"Content-Range: bytes {start}-{end - 1}/{size}\r\n",
            )
        modified = formatdate(status.st_mtime, usegmt=True)
        head = (
            f'HTTP/1.1 {said}\r\nETag: "{etag}"\r\nContent-Length: {end - start}\r\n{extra}'
            f"Last-Modified: {modified}\r\nAccept-Ranges: bytes\r\n\r\n"
        )
        more = request.method == "GET" and end > start
        connection.sendall(head.encode(), socket.MSG_MORE if more else 0)
        if more:
            self._paced(connection, descriptor, start, end)
        return None

    def _paced(self, connection: socket.socket, descriptor: int, start: int, end: int) -> None:
        piece = int(self._rate * _PIECE_SECONDS) or end - start
        began, at = time.monotonic(), start
        while at < end:
            if self._rate:
                early = (at - start) / self._rate - (time.monotonic() - began)
                if early > 0:
                    time.sleep(early)
            sent = os.sendfile(connection.fileno(), descriptor, at, min(piece, end - at))
            if not sent:
                raise ConnectionError("the file is shorter now")
            at += sent
        if self._rate:
            time.sleep(max(0.0, (end - start) / self._rate - (time.monotonic() - began)))

    def _page(self, request: Request) -> str:
        prefix = request.query.get("prefix", [""])[0]
        token = request.query.get("continuation-token", [""])[0]
        place = (request.bucket, prefix)
        if not token:
            self._listed[place] = sorted(_walked(self._root / request.bucket, prefix))
        listed = self._listed[place]
        first = bisect_right(listed, (os.fsencode(unquote(token)), "\U0010ffff")) if token else 0
        page = listed[first : first + PAGE]
        more = len(listed) > first + PAGE
        found = "".join(
            f"<Contents><Key>{quote(key)}</Key><Size>{size}</Size><ETag>&quot;{etag}&quot;</ETag>"
            "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
            for _, key, size, etag in page
        )
        following = (
            f"<NextContinuationToken>{quote(page[-1][1])}</NextContinuationToken>" if more else ""
        )
        return (
            f"<ListBucketResult><EncodingType>url</EncodingType><KeyCount>{len(page)}</KeyCount>"
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{following}{found}</ListBucketResult>"
        )


def _walked(bucket: Path, prefix: str) -> Iterator[tuple[bytes, str, int, str]]:
    for folder, _, names in os.walk(bucket):
        for name in names:
            path = os.path.join(folder, name)
            key = os.path.relpath(path, bucket)
            if key.startswith(prefix):
                status = os.stat(path)
                yield os.fsencode(key), key, status.st_size, _etag(status)


def _parsed(head: bytes) -> Request:
    method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
    parts = urlsplit(target)
    bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
    query = parse_qs(parts.query, keep_blank_values=True)
    return Request(method, bucket, key, query, head)


def _etag(status: os.stat_result) -> str:
    return f"{status.st_size:x}-{status.st_mtime_ns:x}"


def _error(code: str) -> str:
    return f"<Error><Code>{code}</Code><Message>see the request</Message></Error>"


def _send(connection: socket.socket, request: Request, status: str, text: str) -> None:
    body = f'<?xml version="1.0"?>{text}'.encode()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode() + (b"" if request.method == "HEAD" else body))


def main(arguments: list[str]) -> None:
    latency, rate = ([float(said) for said in arguments[1:]] + [0.0, 0.0])[:2]
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        print(listening.getsockname()[1], flush=True)
        Server(Path(arguments[0]), latency, rate).serve(listening)


if __name__ == "__main__":
    main(sys.argv[1:])
