"""Credentials of this machine, refreshed by botocore whenever they are asked for."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sm_container.harness.credentials.choice import (
    CredentialsChoice,
    CredentialsError,
    CredentialsKind,
)

# How long credentials are said to last: the longest of these for which they do.
_LIFETIMES = (3600, 1800, 1200, 900, 600, 300, 60)


@dataclass(frozen=True)
class Credentials:
    """One set of credentials. What is secret in it is not shown by ``repr``."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(repr=False)
    expiration: datetime.datetime

    def to_document(self) -> dict[str, str]:
        """As the endpoint of an instance gives them. Source: "Amazon ECS task IAM role"."""
        return {
            "AccessKeyId": self.access_key,
            "SecretAccessKey": self.secret_key,
            "Token": self.token,
            "Expiration": self.expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


CredentialsSource = Callable[[], Credentials]


def open_source(choice: CredentialsChoice) -> CredentialsSource:
    """What gives the chosen credentials, afresh at each call, from several threads.

    Raises :class:`CredentialsError` where there are none, now and not when the job asks.
    """
    held = _find(choice)

    def give() -> Credentials:
        frozen = held.get_frozen_credentials()  # this refreshes them, and takes a lock for it
        now = datetime.datetime.now(datetime.timezone.utc)
        return Credentials(
            frozen.access_key,
            frozen.secret_key,
            frozen.token or "",
            now + datetime.timedelta(seconds=_lifetime(held)),
        )

    give()
    return give


def _find(choice: CredentialsChoice) -> Any:
    import botocore.credentials
    import botocore.exceptions
    import botocore.session

    try:
        if choice.kind is CredentialsKind.ENVIRONMENT:
            found = botocore.credentials.EnvProvider().load()
            where = "the environment has no AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        else:
            found = botocore.session.Session(profile=choice.profile).get_credentials()
            where = f"the profile {choice.profile!r} gives no credentials"
        if found is None:
            raise CredentialsError(f"{where}; log in, or choose other --credentials")
        found.get_frozen_credentials()
    except botocore.exceptions.BotoCoreError as fault:
        raise CredentialsError(f"no credentials from {_named(choice)}: {fault}") from fault
    return found


def _named(choice: CredentialsChoice) -> str:
    if choice.kind is CredentialsKind.ENVIRONMENT:
        return "the environment"
    return f"the profile {choice.profile!r}"


def _lifetime(held: Any) -> int:
    """How many seconds the credentials certainly last; those that never expire are asked for again
    all the same."""
    refresh_needed = getattr(held, "refresh_needed", None)
    if refresh_needed is None:
        return _LIFETIMES[0]
    return next((s for s in _LIFETIMES if not refresh_needed(refresh_in=s)), _LIFETIMES[-1])
