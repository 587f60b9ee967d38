"""``run --build``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sm_container.cli.building import image_name


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("/code/xgboost_algo", "sm-container/xgboost-algo:latest"),
        ("/code/My Project (2)", "sm-container/my-project-2:latest"),
        ("/code/ünï", "sm-container/n:latest"),
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


@pytest.mark.parametrize(
    ("line", "is_shell_form"),
    [
        ("ENTRYPOINT python train.py", True),
        ("  entrypoint\texec sm-train", True),
        ('ENTRYPOINT ["sm-train"]', False),
        ('ENTRYPOINT  ["python", "train.py"]', False),
        ("# ENTRYPOINT python train.py", False),
    ],
)
def test_an_entry_point_that_hears_nothing_is_noted(
    desk: Any, line: str, is_shell_form: bool
) -> None:
    folder = desk.folder / "image"
    folder.mkdir()
    (folder / "Dockerfile").write_text(f"FROM scratch\n{line}\n")
    desk.program("podman", "exit 1")  # what is said comes before anything is built

    done = desk.run(
        *("run", "image:latest", "--engine", "podman", "--build", str(folder)),
        variables={"PATH": str(desk.folder)},
    )

    assert done.returncode == 125, done.stderr
    assert ("shell form gets no arguments" in done.stderr) == is_shell_form
