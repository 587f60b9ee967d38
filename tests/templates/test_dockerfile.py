"""templates/Dockerfile: the image that authors build FROM."""

from __future__ import annotations

import json
import re
import subprocess
from importlib.metadata import requires
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LARGEST = 80_000_000


def test_layer_of_dependencies_holds_the_librarys_own() -> None:
    own = [name for name in requires("sm-container") or () if "extra ==" not in name]
    [layer] = re.findall(
        r"^ +&& pip install (.*) \\$",
        (ROOT / "templates" / "Dockerfile").read_text(),
        re.MULTILINE,
    )
    assert sorted(re.findall(r'"(.+?)"', layer)) == sorted(own)


@pytest.mark.container
def test_image_adds_little(base_image: str, library_image: str) -> None:
    def layers(image: str) -> dict[str, int]:
        said = subprocess.run(
            ["podman", "history", "--format", "json", image], capture_output=True, check=True
        )
        return {f"{i}": layer["size"] for i, layer in enumerate(json.loads(said.stdout))}

    added = sum(layers(library_image).values()) - sum(layers(base_image).values())
    assert 0 < added <= LARGEST


@pytest.mark.container
def test_author_installs_beside_the_library(library_image: str) -> None:
    said = subprocess.run(
        [
            *("podman", "run", "--rm", "--network", "none", "--entrypoint", "sh", library_image),
            *("-c", "pip --version; pip list; python -c 'import numpy.testing, sm_container'"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "sm-container" in said.stdout
    assert "numpy" in said.stdout


@pytest.mark.container
def test_entry_point_is_process_1(library_image: str) -> None:
    said = subprocess.run(
        [
            *("podman", "image", "inspect", "--format", "{{json .Config}}", library_image),
        ],
        capture_output=True,
        check=True,
    )
    config = json.loads(said.stdout)
    assert config["Entrypoint"] == ["sm-train"]
    assert not config.get("Cmd")
    assert "PYTHONUNBUFFERED=1" in config["Env"]


def test_every_build_argument_is_documented() -> None:
    text = (ROOT / "templates" / "Dockerfile").read_text()
    header = text[: text.index("\nARG ")]
    documented = re.findall(r"^#   ([A-Z_]+)  ", header, re.MULTILINE)

    assert documented == re.findall(r"^ARG ([A-Z_]+)=", text, re.MULTILINE)


@pytest.mark.container
def test_any_user_can_run_it(library_image: str) -> None:
    program = "import os, numpy, sm_container.records.batch; print(os.getuid())"
    said = subprocess.run(
        [
            *("podman", "run", "--rm", "--network", "none", "--user", "10001:10001"),
            *(library_image, "python", "-c", program),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "10001\n"
