"""Where an object lies, as its URI says it: ``s3://bucket/key``, ``file:///path`` or a path."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import Enum
from urllib.parse import unquote

from sm_container.storage.errors import StorageError

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
# Wider than today's rule for new buckets, which older ones break, but never "." or "..".
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")


class Scheme(str, Enum):
    S3 = "s3"
    FILE = "file"


@dataclass(frozen=True)
class Location:
    """A place in a store. ``bucket`` is empty for files, whose ``key`` is the absolute path
    without its first slash; a slash at the end of a key is kept, for it makes a prefix a folder.
    """

    scheme: Scheme
    bucket: str
    key: str


def parse(uri: str) -> Location:
    """The location that a URI or path names; a relative path counts from the working folder.

    Keys of ``s3://`` are literal. In ``file://`` URIs ``%20`` and the like are decoded, in paths
    they are not.

    Raises:
        StorageError: for another scheme, a bucket or a key that cannot be one, an empty path.
    """
    if "\0" in uri:
        raise StorageError(repr(uri), "holds a NUL character", "correct the URI")
    scheme = _SCHEME.match(uri)
    if scheme is None:
        return _file(uri, uri)
    rest = uri[scheme.end() :]
    if scheme[1] == "s3":
        bucket, _, key = rest.partition("/")
        if not _BUCKET.fullmatch(bucket):
            raise StorageError(
                uri, f"{bucket!r} cannot be a bucket's name", "write s3://BUCKET/KEY"
            )
        try:
            key.encode()
        except UnicodeEncodeError as fault:
            what = "has a key that is not UTF-8, which the keys of S3 are"
            raise StorageError(repr(uri), what, "correct the URI") from fault
        return Location(Scheme.S3, bucket, key)
    if scheme[1] == "file":
        path = unquote(rest.removeprefix("localhost"), errors="surrogateescape")
        if not path.startswith("/") or "\0" in path:
            raise StorageError(uri, "names no absolute path", "write file:///PATH, or the path")
        return _file(path, uri)
    raise StorageError(
        uri, f"{scheme[1]}:// is not a store known here", "use s3://, file:// or a path"
    )


def _file(path: str, uri: str) -> Location:
    if not path:
        raise StorageError(repr(uri), "is an empty path", "name a file or a folder")
    absolute = os.path.abspath(path).lstrip("/")
    slash = "/" if path.endswith("/") and absolute else ""
    return Location(Scheme.FILE, "", absolute + slash)
