"""The operations of multipart uploads. Source: each operation's page in the S3 API Reference."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from starlette.responses import Response

from sm_container.service.s3 import uploads
from sm_container.service.s3.body import Body
from sm_container.service.s3.call import Call
from sm_container.service.s3.conditions import COPY_SOURCE, require_readable
from sm_container.service.s3.errors import S3Error, invalid_argument
from sm_container.service.s3.kept import Kept, etag_of, headers_of, keep
from sm_container.service.s3.reading import Span, opened
from sm_container.service.s3.writing import (
    modified_of,
    require_possible,
    require_supported,
    settling,
    source_of,
    write,
)
from sm_container.service.s3.xml import CONTENT_TYPE, document, element, parse

_RANGE = re.compile(r"bytes=(\d{1,20})-(\d{1,20})")
_MOST_LISTED = 1000


def create(call: Call) -> Response:
    require_supported(call)
    require_possible(call)
    upload = uploads.begin(call.root, call.bucket, call.key, headers_of(call.headers))
    found = element(
        "InitiateMultipartUploadResult",
        element("Bucket", call.bucket),
        element("Key", call.key),
        element("UploadId", upload.id),
    )
    return Response(document(found), media_type=CONTENT_TYPE)


def upload_part(call: Call) -> Response:
    """Write a part, or copy it."""
    upload, number = _upload(call), call.query["partNumber"]
    if not (re.fullmatch(r"\d{1,5}", number) and 1 <= int(number) <= uploads.MOST_PARTS):
        raise invalid_argument(f"Part number must be an integer of 1 to {uploads.MOST_PARTS}")
    partial = upload.partial()
    try:
        if "x-amz-copy-source" in call.headers:
            etag = _copy_range(call, partial)
        else:
            body = Body(call.headers, call.pieces)
            write(partial, body)
            etag = body.md5.hexdigest()
        modified = modified_of(partial)
        upload.add(int(number), etag, partial, call.root)
    except FileNotFoundError as fault:
        _upload(call)  # it was ended meanwhile
        raise fault
    finally:
        partial.unlink(missing_ok=True)
    if "x-amz-copy-source" not in call.headers:
        return Response(None, 200, {"etag": f'"{etag}"'})
    said = (element("ETag", f'"{etag}"'), element("LastModified", modified))
    return Response(document(element("CopyPartResult", *said)), media_type=CONTENT_TYPE)


def complete(call: Call) -> Response:
    """Put an upload's parts together as its object."""
    upload = _upload(call)
    body = b"".join(Body(call.headers, call.pieces))
    parts = uploads.chosen(upload, parse(body, "CompleteMultipartUpload"))
    require_possible(call)
    with call.objects.replacing(call.key, settling(call)) as partial:
        etag = uploads.join(parts, partial)
        keep(partial, Kept(etag, upload.headers))
    upload.end()
    found = element(
        "CompleteMultipartUploadResult",
        element("Bucket", call.bucket),
        element("Key", call.key),
        element("ETag", f'"{etag}"'),
    )
    return Response(document(found), media_type=CONTENT_TYPE)


def abort(call: Call) -> Response:
    _upload(call).end()
    return Response(None, 204)


def list_parts(call: Call) -> Response:
    upload = _upload(call)
    after = _number(call, "part-number-marker", 0)
    most = min(_number(call, "max-parts", _MOST_LISTED), _MOST_LISTED)
    left = [each for each in upload.parts() if each.number > after]
    shown = left[:most]
    parts = [
        element(
            "Part",
            element("PartNumber", each.number),
            element("LastModified", modified_of(each.path)),
            element("ETag", f'"{each.etag}"'),
            element("Size", each.size),
        )
        for each in shown
    ]
    found = element(
        "ListPartsResult",
        element("Bucket", call.bucket),
        element("Key", call.key),
        element("UploadId", upload.id),
        element("PartNumberMarker", after),
        element("NextPartNumberMarker", shown[-1].number if shown else after),
        element("MaxParts", most),
        element("IsTruncated", "true" if len(shown) < len(left) else "false"),
        *parts,
    )
    return Response(document(found), media_type=CONTENT_TYPE)


def list_uploads(call: Call) -> Response:
    """All of a bucket's, in one answer."""
    _ = call.objects
    begun = [
        element(
            "Upload",
            element("Key", each.key),
            element("UploadId", each.id),
            element("Initiated", modified_of(each.began)),
            element("StorageClass", "STANDARD"),
        )
        for each in uploads.every(call.root, call.bucket)
        if each.key.startswith(call.query.get("prefix", ""))
    ]
    found = element(
        "ListMultipartUploadsResult",
        element("Bucket", call.bucket),
        element("IsTruncated", "false"),
        *begun,
    )
    return Response(document(found), media_type=CONTENT_TYPE)


def _upload(call: Call) -> uploads.Upload:
    return uploads.find(call.root, call.bucket, call.key, call.query["uploadId"])


def _number(call: Call, name: str, otherwise: int) -> int:
    given = call.query.get(name, str(otherwise))
    if not re.fullmatch(r"\d{1,6}", given):
        raise invalid_argument(f"{name} must be a number")
    return int(given)


def _copy_range(call: Call, target: Path) -> str:
    """Write the bytes that a part copies; gives their MD5."""
    with opened(source_of(call)) as file:
        status = os.fstat(file.fileno())
        etag = etag_of(file.fileno(), status)
        require_readable(call.headers, etag, status.st_mtime, COPY_SOURCE)
        span = Span(0, status.st_size)
        if "x-amz-copy-source-range" in call.headers:
            found = _RANGE.fullmatch(call.headers["x-amz-copy-source-range"])
            span = Span(int(found[1]), int(found[2]) + 1) if found else Span(1, 0)
        if not span.start <= span.end <= status.st_size:
            raise S3Error("InvalidRange", "The range to copy is not in the source", 416)
        digest = hashlib.md5(usedforsecurity=False)
        with target.open("wb") as written:
            for block in uploads.blocks(file.fileno(), span.start, span.end):
                digest.update(block)
                written.write(block)
    return digest.hexdigest()
