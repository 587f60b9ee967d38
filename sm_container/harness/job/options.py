"""What a run is told beside the service's request: engine, data root, credentials and the like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from sm_container.contract.platform import STOP_SECONDS

if TYPE_CHECKING:
    from sm_container.storage.simulated import Link

DEFAULT_GRACE_SECONDS = STOP_SECONDS
DEFAULT_SPOT_DISCOUNT_PERCENT = 70.0
"""An assumption: the market sets it, up to 90 % for some types. Source: developer guide, "Managed
Spot Training"."""


@dataclass(frozen=True)
class RunOptions:
    """The local side of a run; kept in the job's folder so that any process can take the job up.

    ``target`` is an image reference or the absolute path of a program or folder. ``grace_seconds``
    is the time between SIGTERM and SIGKILL, as in ``docker stop -t 120``. ``s3_latency_ms`` and
    ``s3_bandwidth_mbs`` (10^6 bytes a second, a connection) make the channels' sources behave like
    a bucket that is so far away. ``memory_bytes`` is the container's limit; without it the instance
    type's memory less ``memory_reserve`` is, a size or a percent. ``user`` is whom the container
    runs as, by name or numbers, in the place of the image's own. What is done to spot instances
    stands in :mod:`.interruptions`: ``spot_wait_seconds`` passes until others are had, and they
    cost ``spot_discount_percent`` less than others do.
    """

    target: str
    engine: str = "auto"
    s3_root: str | None = None
    sample: int | None = None
    platform: str | None = None
    credentials: str = "none"
    region: str = "us-east-1"
    memory_bytes: int | None = None
    memory_reserve: str | None = None
    shm_bytes: int | None = None
    grace_seconds: float = DEFAULT_GRACE_SECONDS
    shell: bool = False
    s3_latency_ms: float | None = None
    s3_bandwidth_mbs: float | None = None
    interrupt_after: tuple[float, ...] = ()
    kill_after: tuple[float, ...] = ()
    interrupt_every: float | None = None
    spot_wait_seconds: float = 0.0
    spot_discount_percent: float = DEFAULT_SPOT_DISCOUNT_PERCENT
    user: str | None = None

    @property
    def link(self) -> Link | None:
        """What the channels' sources are to be behind, None where they are as they are."""
        if self.s3_latency_ms is None and self.s3_bandwidth_mbs is None:
            return None
        from sm_container.storage.simulated import Link

        rate = self.s3_bandwidth_mbs
        return Link((self.s3_latency_ms or 0.0) / 1000, None if rate is None else rate * 1e6)

    def to_document(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> RunOptions:
        known = {field.name for field in fields(cls)}
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value  # JSON has no tuples
            for name, value in document.items()
            if name in known
        }
        return cls(**values)
