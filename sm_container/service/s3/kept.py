"""What a file cannot say of the object that it is: its ETag, its content type, its metadata.

They stand in an extended attribute of the file itself, so that they go where it goes, and hold only
as long as the file is as it was written: what another program writes there is an object of its own.
Source: PutObject, "Request headers"; Amazon S3 User Guide, "Working with object metadata".
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sm_container.service.s3.errors import S3Error, not_here

_ATTRIBUTE = "user.sm-container.s3"
_NOTHING = (errno.ENODATA, errno.ENOTSUP, errno.EPERM)
_META = "x-amz-meta-"
_META_BYTES = 2048
_KEPT = frozenset(
    {
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-type",
        "expires",
        "x-amz-server-side-encryption",
        "x-amz-server-side-encryption-aws-kms-key-id",
        "x-amz-server-side-encryption-bucket-key-enabled",
        "x-amz-storage-class",
        "x-amz-tagging",
        "x-amz-website-redirect-location",
    }
)
TAGGING = "x-amz-tagging"


@dataclass(frozen=True)
class Kept:
    """The ETag without its quotes, None for the file's own; headers, as GetObject gives them."""

    etag: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def headers_of(request: Mapping[str, str]) -> dict[str, str]:
    """The headers of a request that are kept with an object.

    Raises:
        S3Error: where its metadata are too long.
    """
    found = {
        name.lower(): value
        for name, value in request.items()
        if name.lower() in _KEPT or name.lower().startswith(_META)
    }
    encodings = [each.strip() for each in found.pop("content-encoding", "").split(",")]
    left = ",".join(each for each in encodings if each not in ("", "aws-chunked"))
    if left:
        found["content-encoding"] = left
    size = sum(
        len(name) - len(_META) + len(value)
        for name, value in found.items()
        if name.startswith(_META)
    )
    if size > _META_BYTES:
        raise S3Error("MetadataTooLarge", f"Metadata have at most {_META_BYTES} bytes")
    return found


def keep(path: Path, kept: Kept) -> None:
    """Write what is kept to a file whose content is as it will stay.

    Raises:
        S3Error: where the file system cannot keep it, and it says more than the content type.
    """
    status = path.stat()
    value = json.dumps([status.st_size, status.st_mtime_ns, kept.etag, dict(kept.headers)])
    try:
        os.setxattr(path, _ATTRIBUTE, value.encode())
    except OSError as fault:
        if fault.errno not in (errno.ENOTSUP, errno.EPERM, errno.ENOSPC, errno.E2BIG):
            raise
        if set(kept.headers) - {"content-type"}:
            raise not_here(
                f"{', '.join(sorted(kept.headers))}: the file system below --s3-root keeps no such "
                "extended attributes, so this"
            ) from fault


def recall(file: Path | int, status: os.stat_result) -> Kept:
    """What is kept with a file of this status, by its path or descriptor."""
    try:
        value = os.getxattr(file, _ATTRIBUTE)
    except OSError as fault:
        if fault.errno not in _NOTHING:
            raise
        return Kept()
    size, modified, etag, headers = json.loads(value)
    is_same = (size, modified) == (status.st_size, status.st_mtime_ns)
    return Kept(etag, headers) if is_same else Kept()


def etag_of(file: Path | int, status: os.stat_result) -> str:
    """The ETag of a file, without its quotes.

    That of a file which was not written through S3 is made of its size and time: to compute the
    MD5 would mean to read it whole. It has the form of a multipart upload's, which is no MD5.
    """
    kept = recall(file, status).etag
    return kept or f"{status.st_mtime_ns:016x}{status.st_size:016x}-1"
