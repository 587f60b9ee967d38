"""Listings, a page at a time, held against what the keys say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.service.s3.conftest import Bucket

KEYS = ["a", "b-c", "b/1", "b/2/x", "b/2/y", "b/3", "b0", "c/d/e", "ünï", "z"]


def ordered(keys: list[str]) -> list[str]:
    return sorted(keys, key=str.encode)


def expected(prefix: str, delimiter: str, after: str = "") -> list[str]:
    """Keys and common prefixes in one order."""
    found = []
    for key in ordered(KEYS):
        rest = key[len(prefix) :]
        if key.startswith(prefix):
            cut = delimiter and delimiter in rest
            entry = prefix + rest[: rest.index(delimiter) + len(delimiter)] if cut else key
            if entry.encode() > after.encode() and entry not in found:
                found.append(entry)
    return found


def entries(pages: Any) -> Iterator[str]:
    for page in pages:
        keys = [each["Key"] for each in page.get("Contents", [])]
        yield from ordered(keys + [each["Prefix"] for each in page.get("CommonPrefixes", [])])


@pytest.mark.parametrize("operation", ["list_objects", "list_objects_v2"])
@pytest.mark.parametrize(
    ("prefix", "delimiter"),
    [("", ""), ("", "/"), ("b", "/"), ("b/", "/"), ("b/", ""), ("b/2", ""), ("", "2/"), ("q", "/")],
)
def test_pages_of_any_size_have_every_entry_once(
    bucket: Bucket, operation: str, prefix: str, delimiter: str
) -> None:
    bucket.put(*KEYS)
    for size in (1, 2, 3, 1000):
        pages = bucket.s3.get_paginator(operation).paginate(
            Bucket=bucket.name,
            Prefix=prefix,
            Delimiter=delimiter,
            PaginationConfig={"PageSize": size},
        )
        assert list(entries(pages)) == expected(prefix, delimiter)


@pytest.mark.parametrize("delimiter", ["", "/"])
@pytest.mark.parametrize("after", ["a", "b", "b/", "b/2", "b/2/x", "b/2/z", "c/d/e", "zz"])
def test_a_listing_begins_after_any_key(bucket: Bucket, after: str, delimiter: str) -> None:
    bucket.put(*KEYS)
    page = bucket.s3.list_objects_v2(Bucket=bucket.name, StartAfter=after, Delimiter=delimiter)
    assert list(entries([page])) == expected("", delimiter, after)
    assert page["KeyCount"] == len(expected("", delimiter, after))


def test_what_is_no_object_is_not_listed(bucket: Bucket) -> None:
    bucket.put("k")
    (bucket.folder / "empty").mkdir()
    (bucket.folder / "link").symlink_to("/etc/hostname")
    (bucket.folder / ".sm-container-0123456789abcdef0123456789abcdef.partial").touch()
    bucket.folder.joinpath("x").write_text("x")
    (bucket.folder / "x").rename(bucket.folder / b"no\xfftext".decode("utf-8", "surrogateescape"))
    found = bucket.s3.list_objects_v2(Bucket=bucket.name)
    assert [each["Key"] for each in found["Contents"]] == ["k"]


def test_a_token_of_ones_own_making_is_refused(bucket: Bucket) -> None:
    error = bucket.s3.exceptions.ClientError
    with pytest.raises(error, match="InvalidArgument"):
        bucket.s3.list_objects_v2(Bucket=bucket.name, ContinuationToken="x")


def test_no_keys_at_all(bucket: Bucket) -> None:
    found = bucket.s3.list_objects_v2(Bucket=bucket.name, MaxKeys=0)
    assert (found["KeyCount"], found["IsTruncated"]) == (0, False)
