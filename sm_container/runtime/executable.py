"""A program of the PATH, found as ``execvp`` finds it."""

from __future__ import annotations

import os
from collections.abc import Mapping


def find_executable(name: str, environ: Mapping[str, str]) -> str | None:
    """The path of the program ``name``, None if PATH has none that may be run.

    A name with a slash is a path already.
    """
    folders = [""] if "/" in name else environ.get("PATH", os.defpath).split(os.pathsep)
    for folder in folders:
        path = os.path.join(folder, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None
