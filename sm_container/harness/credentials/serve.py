"""A job's credentials for as long as it runs: its variables, and the network it needs for them."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from sm_container.harness.credentials.choice import (
    ISOLATED,
    CredentialsChoice,
    CredentialsError,
    CredentialsKind,
)
from sm_container.harness.credentials.endpoint import CredentialsEndpoint
from sm_container.harness.credentials.network import ADDRESS, credentials_network
from sm_container.harness.credentials.served import NO_CREDENTIALS, ServedCredentials
from sm_container.harness.credentials.source import CredentialsSource, open_source
from sm_container.harness.engines.container import ContainerEngine
from sm_container.harness.engines.create_command import image_of
from sm_container.harness.engines.engine import Engine, Network, Target

_HTTP = 80


@contextmanager
def serve_credentials(
    choice: CredentialsChoice, engine: Engine, target: Target, *, isolated: bool = False
) -> Iterator[ServedCredentials]:
    """Serve the chosen credentials to a job of ``engine`` while the block runs.

    The target's image must be there. Raises :class:`CredentialsError` where there are no such
    credentials, or they cannot be handed over.
    """
    if choice.kind is CredentialsKind.NONE:
        yield ServedCredentials()
        return
    if isolated:
        raise CredentialsError(ISOLATED)
    source = open_source(choice)
    if not isinstance(engine, ContainerEngine):
        endpoint = CredentialsEndpoint("127.0.0.1", 0, source, wants_token=True)
        with endpoint.serving():
            yield ServedCredentials({**NO_CREDENTIALS, **endpoint.full_environment})
        return
    with credentials_network(engine.client, image_of(target)) as network:
        endpoint, variables = _at_the_address(source)
        with endpoint.serving():
            yield ServedCredentials({**NO_CREDENTIALS, **variables}, Network.named(network))


def _at_the_address(source: CredentialsSource) -> tuple[CredentialsEndpoint, dict[str, str]]:
    """Port 80 as on an instance; where this user may not have it, or another job has, any other,
    which the SDKs take as well."""
    try:
        endpoint = CredentialsEndpoint(ADDRESS, _HTTP, source, wants_token=False)
    except OSError as fault:
        if fault.errno not in (errno.EACCES, errno.EADDRINUSE):
            raise CredentialsError(f"{ADDRESS} cannot be served: {fault.strerror}") from fault
        endpoint = CredentialsEndpoint(ADDRESS, 0, source, wants_token=True)
        return endpoint, endpoint.full_environment
    return endpoint, endpoint.relative_environment
