"""What a container is given of credentials: variables, and the network it needs for them."""

from __future__ import annotations

from dataclasses import dataclass, field

from sm_container.harness.engines.engine import Network

# Else an SDK in the container would find the credentials of the machine that this is.
NO_CREDENTIALS = {"AWS_EC2_METADATA_DISABLED": "true"}


@dataclass(frozen=True)
class ServedCredentials:
    """Variables for the container, and its network if that must be a certain one."""

    environment: dict[str, str] = field(default_factory=lambda: dict(NO_CREDENTIALS), repr=False)
    network: Network | None = None
