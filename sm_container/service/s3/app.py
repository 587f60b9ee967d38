"""S3 as an ASGI application: each request in a thread, its body and its answer as streams."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone

import anyio
from anyio import from_thread, to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sm_container.service.s3 import buckets, listing, multipart, reading, writing
from sm_container.service.s3.call import Call, place_of
from sm_container.service.s3.errors import S3Error, not_here, of_storage
from sm_container.service.s3.root import Root
from sm_container.service.s3.xml import CONTENT_TYPE, error
from sm_container.storage.errors import StorageError

Handler = Callable[[Call], Response]

_THREADS = 64
_PIECE = 1 << 20
_BARE = frozenset[str]()
_OPERATIONS: dict[tuple[str, str, frozenset[str]], Handler] = {
    ("GET", "service", _BARE): buckets.list_buckets,
    ("PUT", "bucket", _BARE): buckets.create,
    ("HEAD", "bucket", _BARE): buckets.head,
    ("DELETE", "bucket", _BARE): buckets.delete,
    ("GET", "bucket", _BARE): listing.list_objects,
    ("GET", "bucket", frozenset({"location"})): buckets.location,
    ("GET", "bucket", frozenset({"versioning"})): buckets.versioning,
    ("GET", "bucket", frozenset({"uploads"})): multipart.list_uploads,
    ("POST", "bucket", frozenset({"delete"})): writing.delete_many,
    ("GET", "object", _BARE): reading.get,
    ("HEAD", "object", _BARE): reading.get,
    ("PUT", "object", _BARE): writing.put,
    ("DELETE", "object", _BARE): writing.delete,
    ("GET", "object", frozenset({"tagging"})): writing.tagging,
    ("POST", "object", frozenset({"uploads"})): multipart.create,
    ("PUT", "object", frozenset({"partNumber", "uploadId"})): multipart.upload_part,
    ("POST", "object", frozenset({"uploadId"})): multipart.complete,
    ("DELETE", "object", frozenset({"uploadId"})): multipart.abort,
}
_PARTS = frozenset({"uploadId", "max-parts", "part-number-marker"})
_LEVELS = {"service": "all buckets", "bucket": "a bucket", "object": "an object"}
_OWNER = "x-amz-expected-bucket-owner"


class S3App:
    """Answers for the account ``owner``, in one region."""

    def __init__(self, root: Root, region: str, owner: str) -> None:
        self._root = root
        self._region = region
        self._owner = owner
        self._threads = anyio.CapacityLimiter(_THREADS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return
        response.headers["x-amz-request-id"] = uuid.uuid4().hex[:16].upper()
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        bucket = key = ""
        try:
            bucket, key, query = place_of(request.scope)
            _require_unexpired(query)
            call = Call(
                self._root,
                self._region,
                request.method,
                bucket,
                key,
                query,
                request.headers,
                _pieces(request),
            )
            if call.headers.get(_OWNER, self._owner) != self._owner:
                raise S3Error("AccessDenied", f"Every bucket here is of {self._owner}", 403)
            handler = _handler(call)
            return await to_thread.run_sync(handler, call, limiter=self._threads)
        except StorageError as fault:
            said = of_storage(fault, bucket, key)
        except S3Error as fault:
            said = fault
        except OSError as fault:
            said = S3Error("InternalError", f"{fault.strerror}: {fault.filename}", 500)
        if request.method == "HEAD" or said.status == 304:
            return Response(None, said.status)
        body = error(said, request.scope["path"])
        return Response(body, said.status, media_type=CONTENT_TYPE)


def _handler(call: Call) -> Handler:
    method, level, named = call.operation
    if (method, level) == ("GET", "object") and "uploadId" in named and named <= _PARTS:
        return multipart.list_parts
    found = _OPERATIONS.get((method, level, named))
    if found is None:
        query = f"?{'&'.join(sorted(named))} " if named else ""
        raise not_here(f"{method} {query}of {_LEVELS[level]}")
    return found


def _pieces(request: Request) -> Iterator[bytes]:
    """A request's body, for a thread that the request's own loop has started."""
    stream = _gathered(request)
    while piece := from_thread.run(anext, stream, b""):
        yield piece


async def _gathered(request: Request) -> AsyncIterator[bytes]:
    """A body in pieces that are worth a change of thread."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size >= _PIECE:
            yield b"".join(parts)
            parts, size = [], 0
    if size:
        yield b"".join(parts)


def _require_unexpired(query: Mapping[str, str]) -> None:
    """Raise S3Error for a presigned URL whose time is over, of either version."""
    if "X-Amz-Expires" in query:
        made, seconds = query.get("X-Amz-Date", ""), query["X-Amz-Expires"]
        try:
            began = datetime.strptime(made, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
            end = began + timedelta(seconds=int(seconds))
        except (ValueError, OverflowError):
            raise S3Error(
                "AuthorizationQueryParametersError", "X-Amz-Date or X-Amz-Expires is wrong"
            ) from None
    elif "Expires" in query and "Signature" in query:
        try:
            end = datetime.fromtimestamp(int(query["Expires"]), timezone.utc)
        except (ValueError, OverflowError, OSError):
            raise S3Error("AccessDenied", "Invalid date: Expires", 403) from None
    else:
        return
    if datetime.now(timezone.utc) > end:
        raise S3Error("AccessDenied", "Request has expired", 403)
