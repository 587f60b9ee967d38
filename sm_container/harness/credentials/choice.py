"""Which credentials a job gets: none, those of this process's environment, or a profile's."""

from __future__ import annotations

import enum
from dataclasses import dataclass

# Source: "Run Training and Inference Containers in Internet-Free Mode".
ISOLATED = "a job in network isolation gets no credentials; use --credentials none"


class CredentialsError(Exception):
    """Credentials cannot be had or handed over. One line: what is wrong and what to do."""


class CredentialsKind(enum.Enum):
    NONE = "none"
    ENVIRONMENT = "env"
    PROFILE = "profile"


@dataclass(frozen=True)
class CredentialsChoice:
    """``profile`` is the name of a profile of the AWS configuration, for ``PROFILE`` alone."""

    kind: CredentialsKind = CredentialsKind.NONE
    profile: str = ""

    @classmethod
    def parse(cls, text: str) -> CredentialsChoice:
        """``none``, ``env`` or ``profile=NAME``. Raises :class:`CredentialsError`."""
        if text == CredentialsKind.NONE.value:
            return cls(CredentialsKind.NONE)
        if text == CredentialsKind.ENVIRONMENT.value:
            return cls(CredentialsKind.ENVIRONMENT)
        kind, equals, profile = text.partition("=")
        if kind == CredentialsKind.PROFILE.value and equals and profile:
            return cls(CredentialsKind.PROFILE, profile)
        raise CredentialsError(f"credentials {text!r}: choose none, env or profile=NAME")
