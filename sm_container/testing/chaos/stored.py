"""The checkpoints in S3 as objects: which there are, which is the newest, and how one is torn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sm_container.contract.checkpoint_manifest import MANIFEST_NAME
from sm_container.contract.checkpoints import CheckpointName
from sm_container.harness.checkpoints.prefix import Prefix
from sm_container.harness.inputs.listing import InputObject


@dataclass(frozen=True)
class StoredCheckpoint:
    """The objects of one checkpoint: a folder of this library, or of another kind at the top of the
    prefix, or a file there. ``step`` is known of this library's alone."""

    name: str
    step: int | None
    objects: tuple[InputObject, ...]

    @property
    def is_committed(self) -> bool:
        """Whether its manifest is there, where it has one."""
        return self.step is None or any(
            item.path == f"{self.name}/{MANIFEST_NAME}" for item in self.objects
        )


def stored_checkpoints(prefix: Prefix) -> list[StoredCheckpoint]:
    """What is in S3, the newest last; where there are any of this library's, only those.

    Raises:
        StorageError: where S3 cannot be asked.
    """
    groups: dict[str, list[InputObject]] = {}
    for item in prefix.find().objects:
        groups.setdefault(item.path.split("/")[0], []).append(item)
    steps = {name: parsed.step for name in groups if (parsed := CheckpointName.parse(name))}
    if steps:
        return [
            StoredCheckpoint(name, steps[name], tuple(groups[name]))
            for name in sorted(steps, key=lambda name: (steps[name], name))
        ]
    found = [StoredCheckpoint(name, None, tuple(items)) for name, items in groups.items()]
    return sorted(found, key=lambda each: (_modified(each.objects), each.name))


def tear(prefix: Prefix, choice: float) -> str | None:
    """Delete one object of the newest checkpoint, as if it had not arrived; returns its path.

    An object is never half in S3, so a lone file cannot be torn: it is not there, where an older
    checkpoint is, and else nothing is done (None).

    Raises:
        StorageError: where it cannot be deleted.
    """
    found = stored_checkpoints(prefix)
    if not found or (len(found) == 1 and len(found[0].objects) == 1):
        return None
    objects = found[-1].objects
    torn = objects[int(choice * len(objects))]
    prefix.store.delete(torn.object.key)
    return torn.path


def _modified(objects: Sequence[InputObject]) -> float:
    return max(item.object.modified or 0.0 for item in objects)
