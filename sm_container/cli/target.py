"""TARGET: whether a word on the command line is a program of this machine or an image."""

from __future__ import annotations

import os

from sm_container.cli.errors import EXIT_INPUT, Complaint
from sm_container.harness.engines.detect import target_path
from sm_container.harness.engines.engine import EngineError
from sm_container.harness.engines.program import find_program


def settled(target: str) -> str:
    """The absolute path of a program or folder, or an image reference as it is written.

    Whatever exists as a path is a program; so is what looks like a path, which must exist then.

    Raises:
        Complaint: where it can only be a path and there is none, or no program at it.
    """
    if not target:
        raise Complaint(["TARGET is empty: name an image, a program or a folder"], EXIT_INPUT)
    path = target_path(target)
    if path is None:
        return target
    if not path.exists():
        hint = "" if "/" in target else f"; for an image of that name write {target}:latest"
        raise Complaint([f"{target}: there is no such program or folder{hint}"], EXIT_INPUT)
    try:
        find_program(path)
    except EngineError as fault:
        raise Complaint([str(fault)], EXIT_INPUT) from fault
    return os.path.abspath(path)


def ambiguity(target: str) -> str | None:
    """What to say of a word that is a path here and would be an image's name elsewhere."""
    path = target_path(target)
    if path is None or "/" in target or path.suffix or target.startswith(("~", ".")):
        return None
    kind = "folder" if path.is_dir() else "program"
    return (
        f"{target!r} is taken for the {kind} ./{target}; "
        f"for an image of that name write {target}:latest"
    )
