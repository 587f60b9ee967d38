"""``init``, once its options are read: checks the name, makes the folder, says what comes next."""

from __future__ import annotations

import json
import os
import shlex
from importlib.metadata import PackageNotFoundError
from pathlib import Path

from sm_container.cli.errors import EXIT_HARNESS, EXIT_INPUT, Complaint
from sm_container.cli.project.folder import FolderTakenError, write_folder
from sm_container.cli.project.starter import Starter
from sm_container.cli.project.wheel import own_wheel
from sm_container.cli.stream import Stream
from sm_container.declaration.declaration import Declaration
from sm_container.declaration.errors import DeclarationError


def begin(given: Path, starter: Starter, out: Stream, *, as_json: bool) -> None:
    """Make the project in the folder ``given``, whose name is the algorithm's.

    Raises:
        Complaint: for a name that the service or an engine would refuse, a folder that holds
            something, or one that cannot be written.
    """
    folder = Path(os.path.abspath(given.expanduser()))
    name = _checked(folder.name)
    files = starter.files(name)
    try:
        wheel = own_wheel()
    except PackageNotFoundError:
        raise Complaint(
            ["sm-container is not installed, only found: install it with pip"], EXIT_HARNESS
        ) from None
    files[wheel.name] = wheel.content
    try:
        write_folder(folder, files)
    except FolderTakenError as fault:
        raise Complaint([str(fault)], EXIT_INPUT) from fault
    except OSError as fault:
        raise Complaint([f"{folder} cannot be written: {fault.strerror}"], EXIT_INPUT) from fault
    following = _following(folder)
    if as_json:
        document = {
            "Name": name,
            "Folder": str(folder),
            "Framework": starter.framework,
            "ScriptMode": starter.is_script,
            "Files": sorted(files),
            "Wheel": wheel.name,
            "Next": following,
        }
        out.line(json.dumps(document, indent=2))
        return
    out.line(f"{folder}: {len(files)} files; README.md says what they are. Next:", bold=True)
    for line in following:
        out.line(f"  {line}")


def _checked(name: str) -> str:
    """A name that an algorithm and an image may both have."""
    try:
        Declaration(name)
    except DeclarationError as fault:
        raise Complaint([str(fault)], EXIT_INPUT) from fault
    if name != name.lower():
        raise Complaint(
            [f"{name!r} cannot name an image, which has no capitals; take {name.lower()!r}"],
            EXIT_INPUT,
        )
    return name


def _following(folder: Path) -> list[str]:
    """The commands that a person types now."""
    shown = os.path.relpath(folder)
    return [
        *([] if shown == os.curdir else [f"cd {shlex.quote(shown)}"]),
        "pip install -r requirements/desk.txt -c requirements/constraints.txt",
        "pytest",
    ]
