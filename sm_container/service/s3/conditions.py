"""Conditions of a request on the object that is there. Source: RFC 9110, "Conditional requests"."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from sm_container.service.s3.errors import S3Error, no_such_key

COPY_SOURCE = "x-amz-copy-source-"


def require_readable(
    headers: Mapping[str, str], etag: str, modified: float, prefix: str = ""
) -> None:
    """Raise S3Error, of status 304 or 412, where the conditions do not hold.

    ``etag`` stands without its quotes, ``modified`` in epoch seconds; ``prefix`` is that of the
    conditions' headers.
    """
    seconds = int(modified)
    if_match, since = headers.get(f"{prefix}if-match"), f"{prefix}if-unmodified-since"
    if if_match is not None:
        if not _names(if_match, etag):
            raise _failed(f"{prefix}if-match")
    elif since in headers and seconds > _seconds(headers[since], seconds):
        raise _failed(since)
    if_none = headers.get(f"{prefix}if-none-match")
    is_same = if_none is not None and _names(if_none, etag)
    after = headers.get(f"{prefix}if-modified-since")
    if if_none is None and after is not None:
        is_same = seconds <= _seconds(after, seconds - 1)
    if is_same:
        raise _failed(f"{prefix}if-none-match") if prefix else S3Error("NotModified", "", 304)


def is_conditional(headers: Mapping[str, str]) -> bool:
    """Whether a write depends on what is there."""
    return "if-match" in headers or "if-none-match" in headers


def require_writable(headers: Mapping[str, str], etag: str | None, key: str) -> None:
    """Raise S3Error where a write's conditions do not hold; ``etag`` is None where there is no
    object."""
    if_none, if_match = headers.get("if-none-match"), headers.get("if-match")
    if if_none is not None and etag is not None and _names(if_none, etag):
        raise _failed("If-None-Match")
    if if_match is not None:
        if etag is None:
            raise no_such_key(key)
        if not _names(if_match, etag):
            raise _failed("If-Match")


def _names(header: str, etag: str) -> bool:
    if header.strip() == "*":
        return True
    return etag in (each.strip().removeprefix("W/").strip('"') for each in header.split(","))


def _seconds(date: str, otherwise: float) -> float:
    """A date's epoch seconds; one that cannot be read is no condition."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except ValueError:
        return otherwise


def _failed(which: str) -> S3Error:
    message = f"At least one of the pre-conditions you specified did not hold: {which}"
    return S3Error("PreconditionFailed", message, 412)
