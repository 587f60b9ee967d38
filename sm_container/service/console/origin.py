"""Whether a form was sent by a page of this service: no other site's may change anything here.

Source: Fetch Metadata Request Headers, Sec-Fetch-Site; Fetch, "Origin".
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request

from sm_container.service.errors import ServiceError


def require_own_origin(request: Request) -> None:
    """Raises ServiceError where a browser does not say that the page is this service's own.

    Sec-Fetch-Site is said to loopback and by HTTPS alone; elsewhere there is Origin.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        is_own = site == "same-origin"
    else:
        is_own = origin is not None and urlsplit(origin).netloc == request.headers.get("host")
    if not is_own:
        raise ServiceError(
            "AccessDeniedException", "Only this console's own pages may send this form", 403
        )
