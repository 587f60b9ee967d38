"""Signing in with the service's token, where it has one."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from sm_container.service.settings import Settings


@dataclass(frozen=True)
class Door:
    """Who may come in. What a browser keeps is a digest by a key of this process: the token cannot
    be found from it, and who was signed in signs in again after a restart."""

    settings: Settings
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    @property
    def is_locked(self) -> bool:
        return self.settings.token is not None

    def lets_in(self, request: Request) -> bool:
        """Whether a request may see and do all that can be done here."""
        held = request.cookies.get(self._cookie, "")
        return not self.is_locked or hmac.compare_digest(held.encode(), self._digest().encode())

    def opens_for(self, token: str) -> bool:
        return hmac.compare_digest(token.encode(), (self.settings.token or "").encode())

    def sign_in(self, response: Response) -> None:
        """Have the browser keep what lets it in, until it is closed."""
        response.set_cookie(self._cookie, self._digest(), httponly=True, samesite="strict")

    def sign_out(self, response: Response) -> None:
        response.delete_cookie(self._cookie, httponly=True, samesite="strict")

    @property
    def _cookie(self) -> str:
        """With the port, since cookies of one host are those of all its ports."""
        return f"sm-container-{self.settings.port}"

    def _digest(self) -> str:
        token = (self.settings.token or "").encode()
        return hmac.new(self._key, b"console:" + token, "sha256").hexdigest()
