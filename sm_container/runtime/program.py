"""Which program the image and the request name, and the command that it comes to.

Source: sagemaker_training/process.py and _entry_point_type.py for script mode.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from sm_container.contract.layout import Layout
from sm_container.runtime.configuration import Configuration
from sm_container.runtime.fault import Fault

PROGRAM_VARIABLE = "SM_CONTAINER_PROGRAM"
SCRIPT_VARIABLE = "SAGEMAKER_PROGRAM"
SCRIPT_HYPERPARAMETER = "sagemaker_program"
_PACKAGE_TABLES = re.compile(r"^\[(project|build-system)\]", re.MULTILINE)
_SHOWN_FILES = 10


class Kind(Enum):
    """What a program is, and so how it is started."""

    COMMAND = "a program from PATH"
    FUNCTION = "a function or a declared algorithm"
    SCRIPT = "script mode"


@dataclass(frozen=True)
class Program:
    """A program as it is named. ``arguments`` come after those that its kind brings along."""

    kind: Kind
    name: str
    because: str
    arguments: tuple[str, ...] = ()


class EntryPoint(Enum):
    """What the entry point of script mode is."""

    PYTHON_PACKAGE = "python package"
    PYTHON_FILE = "python file"
    EXECUTABLE = "executable"


def named_program(
    arguments: Sequence[str],
    layout: Layout,
    configuration: Configuration | None,
    environ: Mapping[str, str],
) -> Program:
    """The program that is asked for; raises Fault where none is.

    In this order: the container's arguments, unless they begin with ``train``;
    SM_CONTAINER_PROGRAM; SAGEMAKER_PROGRAM; the hyperparameter sagemaker_program.
    """
    if arguments and arguments[0] != "train":
        name, *rest = arguments
        return Program(Kind.COMMAND, name, "the container's arguments", tuple(rest))
    rest_of_train = tuple(arguments[1:])
    if reference := environ.get(PROGRAM_VARIABLE):
        return Program(Kind.FUNCTION, reference, PROGRAM_VARIABLE, rest_of_train)
    if script := environ.get(SCRIPT_VARIABLE):
        return Program(Kind.SCRIPT, script, SCRIPT_VARIABLE, rest_of_train)
    settings = {} if configuration is None else configuration.settings
    if script := settings.get(SCRIPT_HYPERPARAMETER):
        because = f"hyperparameter {SCRIPT_HYPERPARAMETER}"
        return Program(Kind.SCRIPT, str(script), because, rest_of_train)
    raise Fault(
        "found no program to run. Looked at: "
        f"the container's arguments ({' '.join(arguments) or 'none'}), "
        f"{PROGRAM_VARIABLE} (not set), {SCRIPT_VARIABLE} (not set), "
        f"the hyperparameter {SCRIPT_HYPERPARAMETER} (not in {layout.hyperparameters}). "
        f"Set {PROGRAM_VARIABLE}=module:attribute in the image for a function or a declared "
        f"algorithm, or {SCRIPT_VARIABLE}=train.py for a script in {layout.code}, or name a "
        "program of the image in the container's arguments"
    )


def entry_point(code: Path, script: str) -> EntryPoint:
    """What kind of entry point ``script`` is in the code folder.

    Raises Fault for a name that is not a path within the folder.
    """
    inside = os.path.realpath(code / script).startswith(os.path.realpath(code) + os.sep)
    if not inside or script.startswith(("/", "-")) or "\0" in script:
        raise Fault(
            f"the entry point {script!r} is not a path within {code}; "
            f"set {SCRIPT_VARIABLE} to one, for example train.py or bin/train.sh"
        )
    if script.endswith(".sh"):
        return EntryPoint.EXECUTABLE
    if (code / "setup.py").is_file() or _is_project_of(code, script):
        return EntryPoint.PYTHON_PACKAGE
    return EntryPoint.PYTHON_FILE if script.endswith(".py") else EntryPoint.EXECUTABLE


def script_command(code: Path, script: str, kind: EntryPoint) -> list[str]:
    """The command that runs an entry point in the code folder. Raises Fault if it is missing."""
    if kind is EntryPoint.PYTHON_PACKAGE:
        return [sys.executable, "-m", script.removesuffix(".py").strip("/").replace("/", ".")]
    if not (code / script).is_file():
        content = _content(code)
        hidden = "" if content else "; what an image has below /opt/ml is hidden in a job"
        raise Fault(
            f"the entry point {script!r} is not in {code}, which holds {content or 'nothing'}"
            f"{hidden}; correct {SCRIPT_VARIABLE} or the submit directory"
        )
    if kind is EntryPoint.PYTHON_FILE:
        return [sys.executable, script]
    _make_executable(code / script)
    return [f"./{script}"]


def function_command(reference: str) -> list[str]:
    """The command that imports ``module:attribute`` and calls it."""
    return [sys.executable, "-m", "sm_container.runtime.call", reference]


def _is_project_of(code: Path, module: str) -> bool:
    """Whether pyproject.toml makes a package of the folder, and ``module`` is no file in it.

    Many a pyproject.toml only configures tools; a script beside one stays a script.
    """
    project = code / "pyproject.toml"
    if (code / module).is_file() or not project.is_file():
        return False
    return _PACKAGE_TABLES.search(project.read_text(encoding="utf-8", errors="replace")) is not None


def _make_executable(path: Path) -> None:
    mode = path.stat().st_mode
    if mode & 0o111 != 0o111:
        try:
            path.chmod(mode | 0o111)
        except OSError as error:
            if not os.access(path, os.X_OK):
                raise Fault(
                    f"{path} is not executable and cannot be made so ({error.strerror}); "
                    "run chmod +x on it in the image"
                ) from error


def _content(code: Path) -> str:
    names = sorted(item.name for item in code.iterdir()) if code.is_dir() else []
    shown = ", ".join(map(repr, names[:_SHOWN_FILES]))
    return shown + (f" and {len(names) - _SHOWN_FILES} more" if names[_SHOWN_FILES:] else "")
