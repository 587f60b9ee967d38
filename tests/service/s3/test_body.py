from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sm_container.service.s3.body import Body
from sm_container.service.s3.errors import S3Error
from sm_container.service.s3.reading import Span, span_of
from tests.service.s3.test_wire import chunked, in_chunks


def cut(body: bytes, cuts: list[int]) -> Iterator[bytes]:
    places = sorted({0, len(body), *(each for each in cuts if each < len(body))})
    return (body[start:end] for start, end in pairwise(places))


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=6), st.lists(st.integers(0, 400)))
def test_chunks_are_the_same_wherever_the_network_cuts_them(
    pieces: list[bytes], cuts: list[int]
) -> None:
    whole = b"".join(pieces)
    body = Body(in_chunks(len(whole)), cut(chunked(*pieces), cuts))
    assert b"".join(body) == whole


@given(st.binary(max_size=200), st.lists(st.integers(0, 200)))
def test_any_bytes_for_chunks_are_an_error_or_a_body(body: bytes, cuts: list[int]) -> None:
    made = Body(in_chunks(3), cut(body, cuts))
    found = S3Error("IncompleteBody", "")
    try:
        length = len(b"".join(made))
    except S3Error as fault:
        found, length = fault, 3
    assert (found.code, length) == ("IncompleteBody", 3)


@given(st.text("bytes=-0123456789, ", max_size=20), st.integers(0, 200))
def test_a_range_is_inside_the_object(header: str, size: int) -> None:
    status, span = 416, None
    try:
        span = span_of(header, size)
    except S3Error as fault:
        status = fault.status
    assert status == 416
    assert span is None or 0 <= span.start < span.end <= size


def test_a_range_of_huge_numbers() -> None:
    assert span_of(f"bytes=1-{10**19}", 5) == Span(1, 5)
    assert span_of(f"bytes=1-{10**40}", 5) is None
    with pytest.raises(S3Error, match="InvalidRange"):
        span_of("bytes=0-", 0)
