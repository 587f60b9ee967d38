"""Tokens of pages: a place in a list, and the request that it was given for.

A token holds all that is needed to go on, so that the service may end and start again between two
pages.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any


class TokenError(ValueError):
    """A token that was not given here, or not for this request."""


def written(place: Any, query: Mapping[str, Any]) -> str:
    """The token of a place, which JSON must be able to hold."""
    document = json.dumps([place, _digest(query)], separators=(",", ":"))
    return base64.urlsafe_b64encode(document.encode()).decode()


def read(token: str, query: Mapping[str, Any]) -> Any:
    """The place that a token was written for.

    Raises:
        TokenError: where it is none of these, or was given for another request than ``query``.
    """
    try:
        place, asked = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, TypeError, RecursionError):
        raise TokenError("the token is not one that was given here") from None
    if asked != _digest(query):
        raise TokenError("the token was given for another request")
    return place


def _digest(query: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(query, sort_keys=True).encode()).hexdigest()[:32]
