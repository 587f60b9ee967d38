"""The style sheet, the icon, and htmx: the same for everybody, and nothing from elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

import django_htmx
from starlette.requests import Request
from starlette.responses import Response

from sm_container.harness.report.page import TEMPLATES as REPORT
from sm_container.service.console.answering import with_headers

_OWN = Path(__file__).with_name("static")
_KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@cache
def contents() -> Mapping[str, bytes]:
    """Every file by its name. The report's style is the console's, too: it draws the same things.

    The package of htmx is there for that file alone: Django, which comes with it, is not imported.
    """
    htmx = files(django_htmx) / "static" / "django_htmx" / "htmx-2.min.js"
    style = [REPORT / "style.css", _OWN / "console.css"]
    return {
        "console.css": b"\n".join(each.read_bytes() for each in style),
        "icon.svg": (_OWN / "icon.svg").read_bytes(),
        "htmx.js": htmx.read_bytes(),
    }


async def static(request: Request) -> Response:
    """A file, kept by the browser and asked for again only by its digest."""
    name = request.path_params["name"]
    content = contents().get(name)
    if content is None:
        return with_headers(Response("There is no such file", 404, media_type="text/plain"))
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == etag:
        return with_headers(Response(status_code=304, headers=headers))
    return with_headers(Response(content, 200, headers, _KINDS[name.rpartition(".")[2]]))
