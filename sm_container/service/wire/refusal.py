"""What a request gets that no service here answers, in the form that its client can read."""

from __future__ import annotations

from xml.sax.saxutils import escape

from starlette.responses import Response

from sm_container.service.errors import ServiceError
from sm_container.service.wire import json

_ERROR = "<Error><Code>{code}</Code><Message>{message}</Message></Error>"
_QUERY = f"<ErrorResponse>{_ERROR}</ErrorResponse>"
_XML = {"s3": _ERROR, "sts": _QUERY, "iam": _QUERY, "ec2": _QUERY}


def refusal(fault: ServiceError, service: str | None) -> Response:
    """An error as the clients of a service, by its name for signatures, expect it: XML or JSON."""
    if service not in _XML:
        return Response(json.error(fault), fault.status, media_type=json.CONTENT_TYPE)
    body = _XML[service].format(code=fault.code, message=escape(fault.message))
    return Response(body, fault.status, media_type="text/xml")
