"""GetObject and HeadObject: bytes straight from the file, whole or a range of them."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from sm_container.service.s3.call import Call
from sm_container.service.s3.conditions import require_readable
from sm_container.service.s3.errors import S3Error, no_such_key, not_here
from sm_container.service.s3.kept import TAGGING, etag_of, recall
from sm_container.service.s3.keys import fault_of

_BLOCK = 1 << 20
_RANGE = re.compile(r"bytes=(\d{0,20})-(\d{0,20})")
_DEFAULT_TYPE = "binary/octet-stream"
_RESPONSE = "response-"


@dataclass(frozen=True)
class Span:
    """The bytes ``start`` to ``end``, which is not among them."""

    start: int
    end: int


def get(call: Call) -> Response:
    """The object, or the range of it that is asked for."""
    file = opened(call)
    try:
        status, etag, headers = _described(call, file)
        span, code = Span(0, status.st_size), 200
        if_range = call.headers.get("if-range")
        if "range" in call.headers and if_range in (None, f'"{etag}"', headers["last-modified"]):
            found = span_of(call.headers["range"], status.st_size)
            if found is not None:
                span, code = found, 206
                headers["content-range"] = f"bytes {span.start}-{span.end - 1}/{status.st_size}"
        headers["content-length"] = str(span.end - span.start)
    except BaseException:
        file.close()
        raise
    if call.method == "HEAD" or span.start == span.end:
        file.close()
        return Response(None, code, headers)
    return StreamingResponse(_blocks(file, span), code, headers)


def opened(call: Call) -> BinaryIO:
    """The file of a call's object.

    Raises:
        S3Error: where there is none.
    """
    if call.query.get("versionId", "null") != "null":
        raise not_here("A version of an object")
    objects = call.objects
    if fault_of(call.key) is not None:
        raise no_such_key(call.key)
    return objects.open(call.key)


def span_of(header: str, size: int) -> Span | None:
    """The range that a header asks for; None for one that is no range, and has no effect.

    Raises:
        S3Error: where no byte is in it.
    """
    found = _RANGE.fullmatch(header.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if found[1] and found[2] and int(found[2]) < int(found[1]):
        return None
    if found[1]:
        start, end = int(found[1]), int(found[2]) + 1 if found[2] else size
    else:
        start, end = max(0, size - int(found[2])), size
    if start >= size:
        raise S3Error("InvalidRange", "The requested range is not satisfiable", 416)
    return Span(start, min(end, size))


def _described(call: Call, file: BinaryIO) -> tuple[os.stat_result, str, dict[str, str]]:
    status = os.fstat(file.fileno())
    kept, etag = recall(file.fileno(), status), etag_of(file.fileno(), status)
    require_readable(call.headers, etag, status.st_mtime)
    headers = {"content-type": _DEFAULT_TYPE, **kept.headers}
    tags = headers.pop(TAGGING, "")
    if tags:
        headers["x-amz-tagging-count"] = str(tags.count("&") + 1)
    headers |= _asked_for(call.query)
    headers["etag"] = f'"{etag}"'
    headers["last-modified"] = formatdate(status.st_mtime, usegmt=True)
    headers["accept-ranges"] = "bytes"
    return status, etag, headers


def _asked_for(query: Mapping[str, str]) -> dict[str, str]:
    """Headers that a URL brings. Source: GetObject, "Overriding response header values"."""
    found = {
        name.removeprefix(_RESPONSE): value
        for name, value in query.items()
        if name.startswith(_RESPONSE)
    }
    if any(not each.isprintable() or not each.isascii() for each in found.values()):
        raise S3Error("InvalidArgument", "A response header has characters that it cannot have")
    return found


async def _blocks(file: BinaryIO, span: Span) -> AsyncIterator[bytes]:
    with file:
        at = span.start
        while at < span.end:
            size = min(_BLOCK, span.end - at)
            block = await run_in_threadpool(os.pread, file.fileno(), size, at)
            if not block:
                raise S3Error("InternalError", f"{file.name} was cut while it was read", 500)
            at += len(block)
            yield block
