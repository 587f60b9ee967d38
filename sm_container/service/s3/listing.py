"""ListObjects and ListObjectsV2: a page at a time, and no folder read that is not in it.

Source: each operation's page in the Amazon S3 API Reference.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote
from xml.etree.ElementTree import Element

from starlette.responses import Response

from sm_container.service.s3.call import Call
from sm_container.service.s3.errors import invalid_argument
from sm_container.service.s3.kept import etag_of
from sm_container.service.s3.writing import modified_of
from sm_container.service.s3.xml import CONTENT_TYPE, document, element, optional

_MOST_KEYS = 1000
_LAST = "\U0010ffff"
"""What follows every other character, in the order of keys."""


@dataclass(frozen=True)
class Page:
    """Entries of a listing, each a key or what keys have in common up to a delimiter."""

    entries: tuple[tuple[str, bool], ...]
    is_cut: bool

    @property
    def last(self) -> str | None:
        """What the next page follows; None on the last."""
        return self.entries[-1][0] if self.is_cut and self.entries else None


def list_objects(call: Call) -> Response:
    if call.query.get("list-type", "1") == "2":
        return _second(call)
    query = call.query
    page = _page(call, query.get("marker", ""))
    code = _coded(call)
    found = element(
        "ListBucketResult",
        *_about(call),
        element("Marker", code(query.get("marker", ""))),
        optional("NextMarker", None if page.last is None else code(page.last)),
        *_contents(call, page),
    )
    return Response(document(found), media_type=CONTENT_TYPE)


def _second(call: Call) -> Response:
    token = call.query.get("continuation-token")
    after = call.query.get("start-after", "") if token is None else _read(token)
    page, code = _page(call, after), _coded(call)
    start = call.query.get("start-after")
    found = element(
        "ListBucketResult",
        *_about(call),
        element("KeyCount", len(page.entries)),
        optional("StartAfter", None if start is None else code(start)),
        optional("ContinuationToken", token),
        optional("NextContinuationToken", None if page.last is None else _written(page.last)),
        *_contents(call, page),
    )
    return Response(document(found), media_type=CONTENT_TYPE)


def _about(call: Call) -> Iterator[Element]:
    code = _coded(call)
    yield element("Name", call.bucket)
    yield element("Prefix", code(call.query.get("prefix", "")))
    yield element("MaxKeys", _most(call))
    if "delimiter" in call.query:
        yield element("Delimiter", code(call.query["delimiter"]))
    if "encoding-type" in call.query:
        yield element("EncodingType", call.query["encoding-type"])


def _contents(call: Call, page: Page) -> Iterator[Element]:
    code = _coded(call)
    yield element("IsTruncated", "true" if page.is_cut else "false")
    for name, is_common in page.entries:
        if is_common:
            yield element("CommonPrefixes", element("Prefix", code(name)))
            continue
        file = call.root.file(call.bucket, name)
        try:
            status = file.stat()
            etag, modified = etag_of(file, status), modified_of(file)
        except FileNotFoundError:
            continue  # deleted since the folder was read
        yield element(
            "Contents",
            element("Key", code(name)),
            element("LastModified", modified),
            element("ETag", f'"{etag}"'),
            element("Size", status.st_size),
            element("StorageClass", "STANDARD"),
        )


def _page(call: Call, after: str) -> Page:
    entries: list[tuple[str, bool]] = []
    most = _most(call)
    if not most:
        return Page((), False)
    for entry in _entries(call, after):
        if len(entries) == most:
            return Page(tuple(entries), True)
        entries.append(entry)
    return Page(tuple(entries), False)


def _entries(call: Call, after: str) -> Iterator[tuple[str, bool]]:
    """Keys and common prefixes; the folders of a prefix that was given are not read any more."""
    prefix, delimiter = call.query.get("prefix", ""), call.query.get("delimiter", "")
    objects = call.objects
    if delimiter and after.startswith(prefix) and delimiter in after[len(prefix) :]:
        after = _common(after, prefix, delimiter) + _LAST
    while True:
        for found in objects.list(prefix, after=after):
            if not _is_text(found.key):
                continue
            if delimiter and delimiter in found.key[len(prefix) :]:
                common = _common(found.key, prefix, delimiter)
                yield common, True
                after = common + _LAST
                break
            yield found.key, False
        else:
            return


def _common(key: str, prefix: str, delimiter: str) -> str:
    return key[: key.index(delimiter, len(prefix)) + len(delimiter)]


def _is_text(key: str) -> bool:
    """Whether a file's name is UTF-8: no key is anything else."""
    return not any("\ud800" <= each <= "\udfff" for each in key)


def _most(call: Call) -> int:
    given = call.query.get("max-keys", str(_MOST_KEYS))
    if not (given.isascii() and given.isdecimal() and len(given) < 10):
        raise invalid_argument("max-keys must be a number of 0 or more")
    return min(int(given), _MOST_KEYS)


def _coded(call: Call) -> Callable[[str], str]:
    """How a request wants keys: as they are, or with what XML cannot have in percent form."""
    encoding = call.query.get("encoding-type")
    if encoding not in (None, "url"):
        raise invalid_argument("Invalid Encoding Method specified in Request: there is url")
    return str if encoding is None else quote


def _written(last: str) -> str:
    return base64.urlsafe_b64encode(last.encode()).decode()


def _read(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, UnicodeError):
        raise invalid_argument("The continuation token provided is incorrect") from None
