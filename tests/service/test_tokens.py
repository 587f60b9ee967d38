"""Tokens of pages."""

from __future__ import annotations

import base64

import pytest

from sm_container.service.tokens import TokenError, read, written


def test_a_token_leads_back_to_its_place_for_the_same_request_alone() -> None:
    token = written([3, "ä/b"], {"b": [1], "a": None})
    assert read(token, {"a": None, "b": [1]}) == [3, "ä/b"]
    with pytest.raises(TokenError, match="another request"):
        read(token, {"a": 1, "b": [1]})


@pytest.mark.parametrize(
    "token",
    ["", "x", "é", "AAAA", base64.b64encode(b"3").decode(), base64.b64encode(b"[" * 9999).decode()],
)
def test_any_other_token_is_refused(token: str) -> None:
    with pytest.raises(TokenError):
        read(token, {})
