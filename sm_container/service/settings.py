"""What ``sm-container api`` was told: where it listens, what jobs run on, what names mean."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sm_container.harness.job.options import RunOptions

DEFAULT_PORT = 8430
LOOPBACK = "127.0.0.1"

_CALLED = {"localhost": LOOPBACK, "0.0.0.0": LOOPBACK, "::": "::1"}
"""What clients of this machine call an address that is a name, or all addresses."""


@dataclass(frozen=True)
class Settings:
    """The service's settings.

    ``images`` maps the last part of an image's name, without its tag, to an image of this machine
    or the absolute path of a program. ``s3_root`` is the folder that stands for S3; None where
    ``s3_endpoint``, an object store of the user's own, has the objects. ``options`` is what every
    job is run with, but for its target. ``token`` is the access key that a request has to be signed
    with; None where any will do.
    """

    s3_root: Path | None
    host: str = LOOPBACK
    port: int = DEFAULT_PORT
    region: str = "us-east-1"
    token: str | None = None
    images: Mapping[str, str] = field(default_factory=dict)
    s3_endpoint: str | None = None
    jobs_at_once: int = os.cpu_count() or 1
    options: RunOptions = field(default_factory=lambda: RunOptions(target=""))

    @property
    def endpoint(self) -> str:
        """The URL that clients are given: of an address, at which they ask for S3's buckets by path
        and not by names of hosts."""
        host = _CALLED.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"
