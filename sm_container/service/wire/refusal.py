"""A refusal before any service has seen the request, in a form that its client can read."""

from __future__ import annotations

import uuid

from starlette.requests import Request
from starlette.responses import Response

from sm_container.service.errors import ServiceError
from sm_container.service.signature import signature_of
from sm_container.service.wire import cbor, json, query


def refusal(request: Request, fault: ServiceError) -> Response:
    """The answer to a request that goes no further: CBOR, JSON or XML, as it was asked."""
    if request.headers.get("smithy-protocol") == cbor.PROTOCOL:
        headers = {"smithy-protocol": cbor.PROTOCOL}
        return Response(cbor.error(fault), fault.status, headers, cbor.CONTENT_TYPE)
    if "x-amz-target" in request.headers or signature_of(request) is None:
        return Response(json.error(fault), fault.status, media_type=json.CONTENT_TYPE)
    body = query.error(fault, "", str(uuid.uuid4()))  # which those of S3 read, too
    return Response(body, fault.status, media_type=query.CONTENT_TYPE)
