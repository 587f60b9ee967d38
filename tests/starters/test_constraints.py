"""constraints.txt has one version of everything that is asked for, on every Python; and its own is
this library's."""

from __future__ import annotations

import re
from importlib.metadata import requires, version
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from sm_container.cli.commands.init import FRAMEWORKS
from sm_container.cli.project.starter import STARTERS

PYTHONS = ("3.10.0", "3.11.9", "3.12.4", "3.13.1")


def lines(path: Path) -> list[str]:
    """Requirements, without comments and options."""
    bare = (re.sub(r"(^|\s)#.*", "", line).strip() for line in path.read_text().splitlines())
    return [line for line in bare if line and not line.startswith("--")]


def pins(framework: str, python: str) -> dict[str, str]:
    """The versions on one Python on Linux, by name."""
    environment = {
        **default_environment(),
        "python_version": python.rpartition(".")[0],
        "python_full_version": python,
        "sys_platform": "linux",
        "platform_machine": "x86_64",
    }
    found: dict[str, str] = {}
    for line in lines(STARTERS / framework / "both" / "requirements" / "constraints.txt"):
        pin = Requirement(line)
        if pin.marker is None or pin.marker.evaluate(environment):
            assert canonicalize_name(pin.name) not in found, f"{pin.name} has two versions"
            [exact] = pin.specifier
            assert exact.operator == "=="
            found[canonicalize_name(pin.name)] = exact.version
    return found


def is_of_api(requirement: Requirement) -> bool:
    """Whether it is asked for by the extra that no starter asks for."""
    return requirement.marker is not None and requirement.marker.evaluate({"extra": "api"})


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_each_requirement_has_its_version(framework: str, python: str) -> None:
    found = pins(framework, python)
    asked = [
        *map(Requirement, lines(STARTERS / framework / "both" / "requirements" / "image.txt")),
        *map(Requirement, lines(STARTERS / "common" / "both" / "requirements" / "desk.txt")),
        *(each for each in map(Requirement, requires("sm-container") or ()) if not is_of_api(each)),
    ]

    assert len(asked) > 8
    for requirement in asked:
        assert requirement.specifier.contains(found[canonicalize_name(requirement.name)]), (
            requirement
        )


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_its_library_is_this_one(framework: str) -> None:
    assert pins(framework, "3.11.9")["sm-container"] == version("sm-container")
