"""What an author says of checkpoints: which are kept, and which hosts save."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sm_container.declaration.errors import DeclarationError, require


class SavedBy(Enum):
    """Which hosts of a job save checkpoints."""

    FIRST_HOST = "first host"
    """The first alone; all load what it saved. Where every host holds the same state."""
    EACH_HOST = "each host"
    """Each its own, in folders that have its name, and each loads its own."""


@dataclass(frozen=True)
class CheckpointPolicy:
    """Which checkpoints stay, and who saves them.

    The ``newest`` stay, and the ``best`` by ``metric``, which is one of the declared metrics with a
    goal and among those that ``save`` is given. Where the platform copies checkpoints to S3, two
    more stay: the newest that is there, and the next that is to get there.
    """

    newest: int = 3
    best: int = 0
    metric: str | None = None
    saved_by: SavedBy = SavedBy.FIRST_HOST

    def __post_init__(self) -> None:
        require(SavedBy, "CheckpointPolicy: saved_by", self.saved_by)
        if self.newest < 1:
            raise DeclarationError(f"CheckpointPolicy: newest is at least 1, not {self.newest}")
        if self.best < 0:
            raise DeclarationError(f"CheckpointPolicy: best is 0 or more, not {self.best}")
        if (self.best > 0) != (self.metric is not None):
            raise DeclarationError(
                "CheckpointPolicy: best says how many to keep by metric; give both or neither"
            )


DEFAULT_POLICY = CheckpointPolicy()
