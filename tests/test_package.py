"""``import sm_container as sm``: every public name is there, and none is loaded before its use."""

from __future__ import annotations

import subprocess
import sys

import pytest

import sm_container as sm


def test_every_name_is_there() -> None:
    for name in sm.__all__:
        assert getattr(sm, name).__name__ == name
    assert set(sm.__all__) <= set(dir(sm))
    assert set(sm.__all__) == set(sm._HOMES)


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Algoritm'"):
        _ = sm.Algoritm  # type: ignore[attr-defined]


def modules_after(statement: str) -> set[str]:
    program = (
        f"import sys; before = set(sys.modules); {statement}; print(*set(sys.modules) - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_the_import_loads_nothing_else() -> None:
    assert modules_after("import sm_container") <= {"sm_container", "__future__"}


def test_an_algorithm_needs_the_standard_library_alone() -> None:
    loaded = {name.partition(".")[0] for name in modules_after("import sm_container as sm; sm.Job")}
    assert loaded - {"sm_container"} <= set(sys.stdlib_module_names)
    assert not loaded & {"argparse", "logging", "asyncio", "ctypes", "difflib", "hashlib"}
