"""Which checkpoints stay for the sake of S3, whatever the policy says of them.

The platform uploads a file some time after it was written, and deletes in S3 what is deleted here.
Where checkpoints follow each other faster than they are uploaded, each would be gone before it had
arrived, and S3 would never have one. So the newest that is in S3 stays, and so does the next one
after it, until that has arrived too and takes its place.

Source: developer guide, "Use Checkpoints in Amazon SageMaker"; when a file is uploaded is not
documented.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sm_container.contract.checkpoint_manifest import MANIFEST_NAME
from sm_container.contract.checkpoints import UPLOADED_SUFFIX, is_upload_marker
from sm_container.runtime.checkpoints.checkpoint import Checkpoint

PATIENCE_SECONDS = 600.0
"""How long no checkpoint may have a marker before the platform is taken for one that makes none."""


@dataclass(frozen=True)
class Standing:
    """``arrived`` is the newest checkpoint that is in S3, ``next`` the one after it, which is to
    get there. None where there is no such."""

    arrived: Checkpoint | None
    next: Checkpoint | None


class Uploads:
    """What this process knows of the uploads of a host's checkpoints. ``clock`` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._restored: frozenset[tuple[Path, str]] | None = None
        self._first_seen: dict[tuple[Path, str], float] = {}

    @property
    def has_begun(self) -> bool:
        """Whether it is known what was there before the first save."""
        return self._restored is not None

    def begin(self, whole: Iterable[Checkpoint]) -> None:
        """Note what is there before the first save: it came from S3. Later calls do nothing."""
        if self._restored is None:
            self._restored = frozenset(each.identity for each in whole)

    def standing(self, whole: Sequence[Checkpoint]) -> Standing:
        """How far the uploads have come, of checkpoints in order, the newest last.

        In S3 is what was restored, and what has the platform's markers. Where nothing has any, for
        ``PATIENCE_SECONDS``, what has stood so long counts as well: a platform that makes no
        markers has it by then, and else the same one would stay for ever.
        """
        now = self._clock()
        self._first_seen = {
            each.identity: self._first_seen.get(each.identity, now) for each in whole
        }
        markers = [_markers(each.path) for each in whole]
        patience = math.inf if any(markers) else PATIENCE_SECONDS
        arrived = [
            number
            for number, each in enumerate(whole)
            if _is_uploaded(each, markers[number])
            or each.identity in (self._restored or ())
            or now - self._first_seen[each.identity] >= patience
        ]
        after = arrived[-1] + 1 if arrived else 0
        return Standing(
            arrived=whole[after - 1] if arrived else None,
            next=whole[after] if after < len(whole) else None,
        )


def _is_uploaded(checkpoint: Checkpoint, markers: set[str]) -> bool:
    names = [MANIFEST_NAME, *(file.name for file in checkpoint.manifest.files)]
    return all(f"{name}{UPLOADED_SUFFIX}" in markers for name in names)


def _markers(folder: Path) -> set[str]:
    """The platform's markers in a checkpoint's folder, by their paths in it."""
    return {
        os.path.relpath(os.path.join(top, name), folder)
        for top, _, names in os.walk(folder)
        for name in names
        if is_upload_marker(name)
    }
