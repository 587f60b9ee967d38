"""One request to S3: what it asks of which bucket and key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_to_bytes

from starlette.datastructures import Headers
from starlette.types import Scope

from sm_container.service.s3.errors import S3Error
from sm_container.service.s3.root import Root
from sm_container.storage.local import LocalStore

_NO_OPERATION = ("x-id", "versionId", "max-keys", "list-type", "prefix", "delimiter", "marker")
_NO_OPERATION_EITHER = ("start-after", "continuation-token", "encoding-type", "fetch-owner")
_SIGNATURE = ("AWSAccessKeyId", "Signature", "Expires")
_PREFIXES = ("x-amz-", "response-")


@dataclass(frozen=True)
class Call:
    """A request's bucket and key (empty where it names none), query and headers.

    ``pieces`` are those of its body, as they come; they can be read once, in the thread that
    answers.
    """

    root: Root
    region: str
    method: str
    bucket: str
    key: str
    query: Mapping[str, str]
    headers: Headers
    pieces: Iterator[bytes]

    @property
    def objects(self) -> LocalStore:
        """Those of its bucket. Raises S3Error where there is none."""
        return self.root.bucket(self.bucket)

    @property
    def operation(self) -> tuple[str, str, frozenset[str]]:
        """The method, what it is for, and the members of the query that name another operation."""
        level = "object" if self.key else "bucket" if self.bucket else "service"
        named = frozenset(
            each
            for each in self.query
            if each not in (*_NO_OPERATION, *_NO_OPERATION_EITHER, *_SIGNATURE)
            and not each.lower().startswith(_PREFIXES)
        )
        return self.method, level, named


def place_of(scope: Scope) -> tuple[str, str, dict[str, str]]:
    """A request's bucket, key and query.

    Raises:
        S3Error: where its path is not one of S3.
    """
    try:
        path = unquote_to_bytes(scope["raw_path"]).decode()
        query = parse_qsl(
            scope["query_string"].decode("ascii"), keep_blank_values=True, errors="strict"
        )
    except UnicodeDecodeError:
        raise S3Error("InvalidURI", "Couldn't parse the specified URI: it is not UTF-8") from None
    if not path.startswith("/"):
        raise S3Error("InvalidURI", "Couldn't parse the specified URI: it has no path")
    bucket, _, key = path[1:].partition("/")
    return bucket, key, dict(query)
