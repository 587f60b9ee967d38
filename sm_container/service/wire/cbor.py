"""The protocol of Smithy's RPC v2 in CBOR: an operation in the path, CBOR both ways.

Source: Smithy specification, "Smithy RPC v2 CBOR protocol"; botocore's model,
``"protocols": ["smithy-rpc-v2-cbor", ...]``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import cbor2

from sm_container.service.errors import ServiceError

CONTENT_TYPE = "application/cbor"
PROTOCOL = "rpc-v2-cbor"
"""What the header ``smithy-protocol`` says, both ways."""

_DEPTH = 32


def parse(body: bytes) -> dict[str, Any]:
    """A request's members; times, which CBOR tags, are seconds since the epoch.

    Raises:
        ServiceError: where it is no map of CBOR, or holds what JSON has no like of.
    """
    if not body:
        return {}
    try:
        document = cbor2.loads(body, max_depth=_DEPTH)
    except (cbor2.CBORError, ValueError, TypeError, OverflowError, RecursionError):
        raise ServiceError("SerializationException", "The request is not valid CBOR") from None
    if not isinstance(document, dict):
        raise ServiceError("SerializationException", "The request is not a map of CBOR")
    members: dict[str, Any] = _plain(document, 0)
    return members


def answer(members: Mapping[str, Any]) -> bytes:
    """An answer: times are tagged, in seconds since the epoch."""
    return cbor2.dumps(members, datetime_as_timestamp=True)


def error(fault: ServiceError) -> bytes:
    return cbor2.dumps({"__type": fault.code, "message": fault.message})


def _plain(value: Any, depth: int) -> Any:
    if depth > _DEPTH:  # values that hold themselves go deeper than what was decoded
        raise ServiceError("SerializationException", f"The request is more than {_DEPTH} deep")
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, dict):
        return {str(name): _plain(each, depth + 1) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each, depth + 1) for each in value]
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise ServiceError("SerializationException", "The request holds what no member can be")
