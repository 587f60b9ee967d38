"""What this host's part is in the one folder that all hosts of a job share in S3."""

from __future__ import annotations

from dataclasses import dataclass

from sm_container.declaration.checkpoints import SavedBy


@dataclass(frozen=True)
class Share:
    """This host among the hosts, and which of them save."""

    host: str
    hosts: tuple[str, ...]
    saved_by: SavedBy

    @property
    def saves(self) -> bool:
        """Whether this host saves at all."""
        return self.saved_by is SavedBy.EACH_HOST or self.host == self.hosts[0]

    @property
    def folder_host(self) -> str | None:
        """The host in the names of its checkpoints' folders; None where all load the same."""
        return self.host if self.saved_by is SavedBy.EACH_HOST else None

    @property
    def folder_hosts(self) -> tuple[str | None, ...]:
        """The hosts that stand in the names of all hosts' folders."""
        return self.hosts if self.saved_by is SavedBy.EACH_HOST else (None,)
