"""``run --build``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sm_container.cli.building import image_name


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("/work/xgboost_algo", "sm-container/xgboost-algo:latest"),
        ("/work/My Project (2)", "sm-container/my-project-2:latest"),
        ("/work/ünï", "sm-container/n:latest"),
        ("/", "sm-container/image:latest"),
    ],
)
def test_an_image_is_named_by_its_folder(folder: str, name: str) -> None:
    assert image_name(Path(folder)) == name


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--build", "empty"], "there is no Dockerfile"),
        (["--build", "empty", "--engine", "process"], "the process engine runs none"),
        (["image", "--build-arg", "A=b"], "--build-arg needs --build"),
    ],
)
def test_what_cannot_be_built(desk: Any, invoke: Any, words: list[str], said: str) -> None:
    (desk.folder / "empty").mkdir()

    done = invoke("run", *words)

    assert done.exit_code == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
