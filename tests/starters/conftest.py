"""Each starter as a project, made by the command."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sm_container.cli.commands.init import FRAMEWORKS
from sm_container.cli.project.starter import Starter

EVERY = [Starter(framework, is_script) for framework in FRAMEWORKS for is_script in (False, True)]
NAME = "an-algorithm-2"


def name_of(starter: Starter) -> str:
    return f"{starter.framework}-{'script' if starter.is_script else 'declared'}"


every_starter = pytest.mark.parametrize("starter", EVERY, ids=name_of)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Starter], Path]:
    """Gives the folder of a starter's project, whose name is NAME; one for all tests."""
    made: dict[Starter, Path] = {}

    def of(starter: Starter) -> Path:
        if starter not in made:
            folder = tmp_path_factory.mktemp(name_of(starter)) / NAME
            script = ["--script-mode"] if starter.is_script else []
            command = Path(sys.executable).with_name("sm-container")
            words = [command, "init", folder, "--framework", starter.framework, *script]
            subprocess.run(words, check=True, capture_output=True)
            made[starter] = folder
        return made[starter]

    return of
