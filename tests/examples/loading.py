"""An example's files as modules, each under a name of its own: all have a train.py."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

EXAMPLES = Path(__file__).parents[2] / "examples"


def module_of(example: str, name: str) -> ModuleType:
    """``examples/EXAMPLE/NAME.py``, imported."""
    known = f"example_{example}_{name}"
    if known not in sys.modules:
        path = EXAMPLES / example / f"{name}.py"
        spec = importlib.util.spec_from_file_location(known, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[known] = module  # its dataclasses look themselves up there
        spec.loader.exec_module(module)
    return sys.modules[known]
