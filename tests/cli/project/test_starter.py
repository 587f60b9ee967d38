"""The layers of a starter, laid over one another."""

from __future__ import annotations

from pathlib import Path

import pytest

from sm_container.cli.commands.init import FRAMEWORKS
from sm_container.cli.project import starter
from sm_container.cli.project.starter import STARTERS, Starter


@pytest.fixture
def layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(starter, "STARTERS", tmp_path)
    for name, text in {
        "common/both/README.md": "1 my-algorithm\n",
        "common/script/README.md": "2 my-algorithm-s\n",
        "common/declared/README.md": "no\n",
        "one/both/README.md": "3\n",
        "one/script/.hidden/train.py": "pass\n",
        "one/script/__pycache__/train.pyc": "compiled",
        "two/both/README.md": "no\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.usefixtures("layers")
def test_a_file_of_several_layers_is_joined_in_their_order() -> None:
    assert Starter("one", is_script=True).files("mine") == {
        ".hidden/train.py": b"pass\n",
        "README.md": b"1 mine\n2 mine-s\n3\n",
    }


def test_the_command_offers_what_there_is() -> None:
    folders = {path.name for path in STARTERS.glob("[!.]*") if path.is_dir()}

    assert folders - {"common", "__pycache__"} == set(FRAMEWORKS)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_no_layer_is_empty(framework: str) -> None:
    for layer in ("both", "declared", "script"):
        for of in ("common", framework):
            assert any((STARTERS / of / layer).iterdir())
