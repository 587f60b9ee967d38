"""The body of a request, which is not kept in memory where it is too long."""

from __future__ import annotations

from starlette.requests import Request

from sm_container.service.errors import ServiceError

LIMIT = 4 << 20
"""Bytes: many times what the largest request that suits the service's model takes."""


async def body_of(request: Request) -> bytes:
    """All of a request's body.

    Raises:
        ServiceError: where it is longer than ``LIMIT``.
    """
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > LIMIT:
            raise ServiceError(
                "RequestEntityTooLargeException", f"A request has at most {LIMIT} bytes", 413
            )
        parts.append(part)
    return b"".join(parts)
