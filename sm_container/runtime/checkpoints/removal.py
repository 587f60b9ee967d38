"""Taking a checkpoint away: its manifest first, so that no half of one is ever found."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

from sm_container.contract.checkpoint_manifest import MANIFEST_NAME

_ATTEMPTS = 5


def remove(folder: Path) -> None:
    """Remove a checkpoint's folder, or what is left of one. Raises OSError where it cannot."""
    import shutil

    with suppress(FileNotFoundError):
        os.unlink(folder / MANIFEST_NAME)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            shutil.rmtree(folder)
        except OSError as error:
            if not folder.exists():
                return
            # The platform makes and removes its markers in the folder at any moment.
            if error.errno not in (errno.ENOTEMPTY, errno.ENOENT) or attempt == _ATTEMPTS:
                raise
        else:
            return
