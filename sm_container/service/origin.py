"""Which page of a browser a request comes from: no other site's may change anything here.

Source: Fetch Metadata Request Headers, Sec-Fetch-Site; Fetch, "Origin".
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request

from sm_container.service.errors import ServiceError


def require_own_page(request: Request) -> None:
    """Raises ServiceError where a browser does not say that the page is this service's own.

    Sec-Fetch-Site is said to loopback and by HTTPS alone; elsewhere there is Origin.
    """
    if _is_own(request) is not True:
        raise ServiceError(
            "AccessDeniedException", "Only this console's own pages may send this form", 403
        )


def require_no_other_page(request: Request) -> None:
    """Raises ServiceError where a browser says that the page is another site's. What is no browser
    says nothing, and neither does a browser for an address that was typed."""
    if _is_own(request) is False and request.headers.get("sec-fetch-site") != "none":
        raise ServiceError(
            "AccessDeniedException", "A page of another site may not send requests here", 403
        )


def _is_own(request: Request) -> bool | None:
    """Whether it is sent by a page of this service; None where nothing says so."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site == "same-origin"
    return None if origin is None else urlsplit(origin).netloc == request.headers.get("host")
