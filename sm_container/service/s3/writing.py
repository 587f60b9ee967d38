"""PutObject, CopyObject, DeleteObject, DeleteObjects: objects are the old or the new, never half.

Source: each operation's page in the Amazon S3 API Reference.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from starlette.responses import Response

from sm_container.service.s3.body import Body
from sm_container.service.s3.call import Call
from sm_container.service.s3.conditions import (
    COPY_SOURCE,
    is_conditional,
    require_readable,
    require_writable,
)
from sm_container.service.s3.errors import S3Error, invalid_argument, not_here
from sm_container.service.s3.kept import TAGGING, Kept, etag_of, headers_of, keep, recall
from sm_container.service.s3.keys import fault_of
from sm_container.service.s3.reading import opened
from sm_container.service.s3.xml import CONTENT_TYPE, document, element, parse
from sm_container.storage.errors import StorageError
from sm_container.storage.files import copy_file

_MOST_KEYS = 1000
_NOT_KEPT = (
    "x-amz-object-lock-",
    "x-amz-server-side-encryption-customer-",
    "x-amz-grant-",
    "x-amz-write-offset-bytes",
)
_ACLS = ("private", "bucket-owner-full-control", "bucket-owner-read")


def put(call: Call) -> Response:
    """Write an object, or copy one."""
    require_supported(call)
    if "x-amz-copy-source" in call.headers:
        return _copy(call)
    kept, body = headers_of(call.headers), Body(call.headers, call.pieces)
    require_possible(call)
    with call.objects.replacing(call.key, settling(call)) as partial:
        write(partial, body)
        etag = body.md5.hexdigest()
        keep(partial, Kept(etag, kept))
    return Response(None, 200, {"etag": f'"{etag}"'})


def delete(call: Call) -> Response:
    """Take an object away, and the folders that this leaves empty; nothing where there is none."""
    if is_conditional(call.headers):
        raise not_here("A condition of DeleteObject")
    if fault_of(call.key) is None:
        call.objects.delete(call.key, below="")
    else:
        _ = call.objects
    return Response(None, 204)


def delete_many(call: Call) -> Response:
    root = parse(b"".join(Body(call.headers, call.pieces)), "Delete")
    objects = call.objects
    keys = [each.findtext("Key") or "" for each in root.iter("Object")]
    if not 0 < len(keys) <= _MOST_KEYS:
        raise S3Error("MalformedXML", f"A request deletes 1 to {_MOST_KEYS} objects")
    done = []
    for key in keys:
        if fault_of(key) is None:
            try:
                objects.delete(key, below="")
            except StorageError as fault:
                said = (element("Code", "InternalError"), element("Message", str(fault)))
                done.append(element("Error", element("Key", key), *said))
                continue
        if root.findtext("Quiet", "false") != "true":
            done.append(element("Deleted", element("Key", key)))
    return Response(document(element("DeleteResult", *done)), media_type=CONTENT_TYPE)


def tagging(call: Call) -> Response:
    """An object's tags: those that came with it."""
    with opened(call) as file:
        kept = recall(file.fileno(), os.fstat(file.fileno()))
    tags = [
        element("Tag", element("Key", name), element("Value", value))
        for name, value in parse_qsl(kept.headers.get(TAGGING, ""), keep_blank_values=True)
    ]
    return Response(document(element("Tagging", element("TagSet", *tags))), media_type=CONTENT_TYPE)


def require_supported(call: Call) -> None:
    """Raise S3Error for what a write asks for and would not get."""
    for name in call.headers:
        if name.startswith(_NOT_KEPT):
            raise not_here(name)
    if call.headers.get("x-amz-acl", _ACLS[0]) not in _ACLS:
        raise not_here(f"The ACL {call.headers['x-amz-acl']}")


def require_possible(call: Call) -> None:
    """Raise S3Error where there can be no object at a call's key, or its conditions do not hold."""
    fault = fault_of(call.key)
    if fault is not None:
        raise fault
    _ = call.objects
    _require_condition(call)


def settling(call: Call) -> Callable[[], AbstractContextManager[None]]:
    """Held while an object takes its place: conditions hold until it has."""

    @contextmanager
    def held() -> Iterator[None]:
        with call.root.settling:
            _require_condition(call)
            yield

    return held


def write(path: Path, blocks: Iterator[bytes] | Body) -> None:
    with path.open("wb") as file:
        for block in blocks:
            file.write(block)


def source_of(call: Call) -> Call:
    """The call that would read what this one copies.

    Raises:
        S3Error: where the header names no object.
    """
    path, _, query = call.headers["x-amz-copy-source"].partition("?")
    bucket, slash, key = unquote(path).removeprefix("/").partition("/")
    if not (slash and key):
        raise invalid_argument("Copy Source must mention the source bucket and key: bucket/key")
    return replace(call, bucket=bucket, key=key, query=dict(parse_qsl(query)))


def modified_of(path: Path) -> str:
    """When a file was last written, as S3's documents say it."""
    moment = datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _copy(call: Call) -> Response:
    require_possible(call)
    source = source_of(call)
    with opened(source) as file:
        status = os.fstat(file.fileno())
        kept, etag = recall(file.fileno(), status), etag_of(file.fileno(), status)
    require_readable(call.headers, etag, status.st_mtime, COPY_SOURCE)
    headers = _copied(kept.headers, call)
    with call.objects.replacing(call.key, settling(call)) as partial:
        partial.unlink()  # a copy is a new file
        copy_file(call.root.file(source.bucket, source.key), partial)
        keep(partial, Kept(kept.etag, headers))
        new_etag, modified = etag_of(partial, partial.stat()), modified_of(partial)
    found = element(
        "CopyObjectResult", element("ETag", f'"{new_etag}"'), element("LastModified", modified)
    )
    return Response(document(found), media_type=CONTENT_TYPE)


def _copied(headers: Mapping[str, str], call: Call) -> dict[str, str]:
    """What is kept with a copy: the source's, but for what its request replaces. Encryption and
    storage class are always the request's."""
    given = headers_of(call.headers)

    def is_given(name: str) -> bool:
        which = "x-amz-tagging-directive" if name == TAGGING else "x-amz-metadata-directive"
        is_own = name.startswith(("x-amz-server-", "x-amz-storage-"))
        return is_own or call.headers.get(which, "COPY") == "REPLACE"

    return {
        **{name: value for name, value in headers.items() if not is_given(name)},
        **{name: value for name, value in given.items() if is_given(name)},
    }


def _require_condition(call: Call) -> None:
    if is_conditional(call.headers):
        file = call.root.file(call.bucket, call.key)
        found = call.objects.exists(call.key)
        require_writable(call.headers, etag_of(file, file.stat()) if found else None, call.key)
