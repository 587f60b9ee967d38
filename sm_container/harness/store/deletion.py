"""Deleting what programs have written, also where they took the rights to it away."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def make_deletable(folder: Path) -> None:
    """Give the owner of every folder below ``folder`` the rights to look into it and empty it."""
    for top, folders, _ in os.walk(folder):
        for name in folders:
            path = os.path.join(top, name)
            mode = os.lstat(path).st_mode
            if stat.S_ISDIR(mode) and mode & stat.S_IRWXU != stat.S_IRWXU:
                os.chmod(path, mode | stat.S_IRWXU)
