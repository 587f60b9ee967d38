"""The tutorial, followed from its first step to its last as a reader would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.docs.blocks import ROOT, blocks_of

TUTORIAL = ROOT / "docs" / "tutorial.md"


def test_following_it_works(hostile_tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "SM_CONTAINER_HOME": str(hostile_tmp_path / "home"),
    }
    folder = hostile_tmp_path / "desk"
    folder.mkdir()
    followed = 0
    for block in blocks_of(TUTORIAL):
        if "title" in block.settings:
            (folder / block.settings["title"]).write_text(block.text)
        elif block.language == "sh" and block.runs:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", block.text],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            expected = int(block.settings.get("exit", "0"))
            assert done.returncode == expected, f"{block}\n{done.stdout}\n{done.stderr}"
            assert "Traceback" not in done.stderr, f"{block}\n{done.stderr}"
            followed += 1
    assert followed >= 8


def test_what_it_quotes_is_what_is_said(hostile_tmp_path: Path) -> None:
    """The failure that the tutorial shows, word for word but for its line breaks."""
    (quoted,) = [block.text for block in blocks_of(TUTORIAL) if block.language == "text"]
    files = [block for block in blocks_of(TUTORIAL) if block.settings.get("title") == "train.py"]
    desk = hostile_tmp_path / "desk"
    (desk / "data").mkdir(parents=True)
    (desk / "train.py").write_text(files[0].text)
    (desk / "data" / "part-1.csv").write_text("1,0\n")

    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("sm-container"), "run", "train.py"),
            *("-c", "train=data/", "-p", "degree=12", "-p", "epochs=3"),
        ],
        cwd=desk,
        env={**os.environ, "SM_CONTAINER_HOME": str(hostile_tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert " ".join(quoted.split()) in " ".join(done.stderr.split())
