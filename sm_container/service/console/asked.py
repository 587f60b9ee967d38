"""What a page is asked for: the parts of its path, its query, and the fields of a form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.requests import Request

from sm_container.service.bodies import body_of
from sm_container.service.errors import ServiceError, invalid

_FORM = "application/x-www-form-urlencoded"
_FIELDS = 2000

Fields = Mapping[str, str]
"""The fields of a form by name; of a name that came more than once, the last value."""


@dataclass(frozen=True)
class Asked:
    """``url`` is the path with its query. ``changed`` is the name of the field whose change made
    the page ask by itself, and ``is_part`` says that it asked by itself at all."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    url: str
    form: Fields = field(default_factory=dict)
    changed: str | None = None
    is_part: bool = False


async def asked_of(request: Request) -> Asked:
    """What a request asks for, its form read where it has one.

    Raises:
        ServiceError: where the form is too long, has too many fields, or is no form.
    """
    url = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return Asked(
        path=request.path_params,
        query=dict(request.query_params),
        url=url,
        form=await _form(request) if request.method == "POST" else {},
        changed=request.headers.get("hx-trigger-name"),
        is_part="hx-request" in request.headers,
    )


async def _form(request: Request) -> Fields:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await body_of(request)
    if body and kind != _FORM:
        raise ServiceError("UnsupportedMediaType", f"A form is sent as {_FORM}", 415)
    try:
        text = body.decode("ascii")
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="replace", max_num_fields=_FIELDS, separator="&"
        )
    except ValueError:
        raise invalid(
            f"The form is not encoded as one, or has more than {_FIELDS} fields"
        ) from None
    return dict(pairs)


def own_path(url: str | None) -> str:
    """A path of this service to lead to next; ``/`` for anything that would lead elsewhere."""
    return url if url is not None and re.fullmatch(r"/(?![/\\])[!-\[\]-~]*", url) else "/"
