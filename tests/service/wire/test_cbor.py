"""CBOR as clients write and read it."""

from __future__ import annotations

from datetime import datetime, timezone

import cbor2
import pytest

from sm_container.service.errors import ServiceError
from sm_container.service.wire import cbor

NOON = datetime(2026, 11, 28, 12, 0, 0, 500_000, timezone.utc)


def test_times_are_tagged_both_ways() -> None:
    written = cbor.answer({"Timestamps": [NOON], "Values": [1.0], "Label": "ü"})
    assert cbor2.loads(written) == {"Timestamps": [NOON], "Values": [1.0], "Label": "ü"}
    assert b"\xc1\xfb" in written  # tag 1, seconds since the epoch
    asked = cbor2.dumps({"StartTime": cbor2.CBORTag(1, 1_795_000_000), "Ids": ["a", None, True]})
    assert cbor.parse(asked) == {"StartTime": 1_795_000_000.0, "Ids": ["a", None, True]}
    assert cbor.parse(b"") == {}


@pytest.mark.parametrize(
    "body",
    [
        b"\xff",
        b"\xa1\x61a",
        cbor2.dumps([1]),
        b"\x81" * 5000 + b"\x01",
        cbor2.dumps({"a": b"bytes"}),
        cbor2.dumps({"a": {1, 2}}),
        cbor2.dumps({"a": cbor2.CBORTag(4711, "x")}),
        cbor2.dumps(cbor2.CBORTag(1, 1e300)),
        b"\xd8\x1c\xa1\x61a\xd8\x1d\x00",  # a map that holds itself
    ],
)
def test_what_is_no_map_of_plain_values_is_refused(body: bytes) -> None:
    with pytest.raises(ServiceError) as raised:
        cbor.parse(body)
    assert raised.value.code == "SerializationException"


def test_an_error_has_its_shape_and_its_sentence() -> None:
    assert cbor2.loads(cbor.error(ServiceError("Code", "why"))) == {
        "__type": "Code",
        "message": "why",
    }
