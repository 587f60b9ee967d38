"""Whom a signed request is for: the service and the access key that its signature names.

Signatures themselves are not checked: who knows the access key may do all that can be done here.
Source: Signature Version 4, "Create a signed AWS API request", credential scope.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass

from starlette.requests import Request

_HEADER = re.compile(
    r"AWS4-[A-Z0-9-]+ Credential=(?P<key>[^/,\s]+)/\d{8}/[^/,\s]*/(?P<service>[a-z0-9-]+)/"
)
_QUERY = re.compile(r"(?P<key>[^/]+)/\d{8}/[^/]*/(?P<service>[a-z0-9-]+)/aws4_request")


@dataclass(frozen=True)
class Signature:
    """The access key, and the service in its name for signatures: ``sagemaker``, ``logs``."""

    access_key: str
    service: str

    def suits(self, token: str | None) -> bool:
        """Whether it is the key that is asked for; any is where none is."""
        return token is None or hmac.compare_digest(self.access_key.encode(), token.encode())


def signature_of(request: Request) -> Signature | None:
    """The signature of a request, in its header or its query; None where it has none."""
    header = _HEADER.match(request.headers.get("authorization", ""))
    found = header or _QUERY.match(request.query_params.get("X-Amz-Credential", ""))
    if found is not None:
        return Signature(found["key"], found["service"])
    older = {"AWSAccessKeyId", "Signature", "Expires"}  # S3's version 2, boto3's usual for URLs
    if older <= set(request.query_params):
        return Signature(request.query_params["AWSAccessKeyId"], "s3")
    return None
