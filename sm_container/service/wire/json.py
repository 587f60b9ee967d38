"""The JSON protocol of SageMaker and CloudWatch Logs: an operation in a header, JSON both ways.

Source: botocore's model, ``"protocol": "json"``, ``"jsonVersion": "1.1"``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NoReturn

from sm_container.service.errors import ServiceError

CONTENT_TYPE = "application/x-amz-json-1.1"


def parse(body: bytes) -> dict[str, Any]:
    """A request's members.

    Raises:
        ServiceError: where it is no JSON object.
    """
    try:
        document = json.loads(body or b"{}", parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise ServiceError("SerializationException", "The request is not valid JSON") from None
    if not isinstance(document, dict):
        raise ServiceError("SerializationException", "The request is not a JSON object")
    return document


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def answer(members: Mapping[str, Any]) -> bytes:
    """An answer: times are numbers of seconds since the epoch, to the millisecond."""
    return json.dumps(_plain(members), separators=(",", ":")).encode()


def error(fault: ServiceError) -> bytes:
    member = "Message" if fault.is_declared else "message"
    return json.dumps({"__type": fault.code, member: fault.message}).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return round(value.timestamp(), 3)
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
