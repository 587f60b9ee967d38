"""What the process engine runs for a program target: a script, an executable, or a folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sm_container.harness.engines.engine import ContainerSpec, EngineError, ProgramTarget
from sm_container.harness.engines.entry import entry_of

# Known by name alone: what runs in a container is started, never imported here.
_SUPERVISOR = "sm_container.runtime.supervisor"


@dataclass(frozen=True)
class Program:
    """An argument vector, the variables that belong to it, and the folder it starts in.

    ``code`` is the folder that the program is to see as its code folder, for script mode alone.
    """

    argv: tuple[str, ...]
    folder: Path
    code: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


def program_of(spec: ContainerSpec, python: str = sys.executable) -> Program:
    """The program of ``spec``, found and joined with its arguments.

    A ``.py`` file runs in script mode under the supervisor, as it would in an image with
    ``ENTRYPOINT ["sm-train"]``; any other executable takes the place of the image's ENTRYPOINT; a
    ContainerEntrypoint takes the place of both. Raises :class:`EngineError` where there is none.
    """
    if not isinstance(spec.target, ProgramTarget):
        raise EngineError("the process engine runs programs, not images; use docker or podman")
    entry = entry_of(spec)
    path = find_program(spec.target.path)
    if entry.entrypoint is not None:
        return Program((entry.entrypoint, *entry.arguments), path.parent)
    if path.suffix != ".py":
        return Program((str(path), *entry.arguments), path.parent)
    path = path.resolve()  # beside a link's file is what it imports, as for python itself
    return Program(
        (python, "-m", _SUPERVISOR, *entry.arguments),
        # Not the script's folder: -m would look for the supervisor's imports there first.
        Path("/"),
        path.parent,
        {"SAGEMAKER_PROGRAM": path.name},
    )


def find_program(path: Path) -> Path:
    """The file that ``path`` means, absolute: itself, or in a folder ``train`` or ``train.py``."""
    absolute = Path(os.path.abspath(path.expanduser()))
    if absolute.is_dir():
        return _in_folder(absolute)
    if not absolute.exists():
        raise EngineError(f"{path} is not there; give a program, a folder with one, or an image")
    if not absolute.is_file():
        raise EngineError(f"{path} is neither a file nor a folder")
    if absolute.suffix != ".py" and not os.access(absolute, os.X_OK):
        raise EngineError(f"{path} is not executable; chmod +x it, or name a .py file")
    return absolute


def _in_folder(folder: Path) -> Path:
    executable = folder / "train"
    if executable.is_file() and os.access(executable, os.X_OK):
        return executable
    script = folder / "train.py"
    if script.is_file():
        return script
    hint = "; its train is not executable: chmod +x it" if executable.is_file() else ""
    raise EngineError(f"{folder} has neither an executable train nor a train.py{hint}")
