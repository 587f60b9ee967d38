"""The program that trains an algorithm of a test's own process in a process of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from sm_container.algorithm.algorithm import Algorithm

_TEXT = """\
import sys

sys.path[:0] = {paths!r}

from importlib import import_module

algorithm = import_module({module!r}).{name}

if __name__ == "__main__":
    algorithm.main()
"""


def write_launcher(algorithm: Algorithm[Any], folder: Path) -> Path:
    """Write a program into ``folder``, which is made. It imports the algorithm's module by the name
    that it has here and from where it is found here, whatever made it be found.

    Raises:
        LookupError: for an algorithm that is no global variable of a module in a file.
    """
    module, name = _variable(algorithm)
    file = module.__file__ or ""
    paths = [os.path.abspath(path) for path in sys.path]
    module_name = module.__name__
    if not _is_found_as(
        module_name, file
    ):  # a test module, which pytest imports in ways of its own
        module_name = Path(file).stem
        paths.insert(0, os.path.dirname(file))
    folder.mkdir(parents=True)
    launcher = folder / "train.py"
    launcher.write_text(
        _TEXT.format(paths=paths, module=module_name, name=name), "utf-8", "surrogateescape"
    )
    return launcher


def _variable(algorithm: Algorithm[Any]) -> tuple[ModuleType, str]:
    """The module that has the algorithm as a global variable, and the variable's name."""
    module = sys.modules.get(algorithm.train_function.__module__)
    if module is not None and (getattr(module, "__file__", None) or "").endswith(".py"):
        for name, value in vars(module).items():
            if value is algorithm:
                return module, name
    raise LookupError(
        f"{algorithm.declaration.name} has to run as a process of its own for this, and cannot: it "
        "is no global variable of the module of its train function. Declare it at the top of a "
        "file, or give the program's path instead"
    )


def _is_found_as(name: str, file: str) -> bool:
    """Whether another interpreter finds this file when it imports the name."""
    path = None
    spec = None
    parts = name.split(".")
    finders = [each for each in sys.meta_path if not type(each).__module__.startswith("_pytest.")]
    for depth in range(len(parts)):
        part = ".".join(parts[: depth + 1])
        found = (finder.find_spec(part, path) for finder in finders)
        spec = next((each for each in found if each is not None), None)
        if spec is None:
            return False
        path = spec.submodule_search_locations
    origin = None if spec is None else spec.origin
    return origin is not None and os.path.exists(origin) and os.path.samefile(origin, file)
