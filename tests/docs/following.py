"""Following a page: its files are saved, its commands run, and what it quotes is what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.docs.blocks import Block

BASE_IMAGE = "python:3.11-slim"
"""What the Dockerfiles of the pages begin with, which has to come from a registry."""
LIBRARY_IMAGE = "my-base"
"""What they have a reader build from templates/Dockerfile, which needs a package index."""


@dataclass
class Desk:
    """Where a page is followed: an empty folder, with a home of its own.

    With ``has_engine`` it is followed for the blocks that need containers: of the others, which
    are run without one, only files and what needs no ``sm-container`` are made. ``base_image`` is
    one of this machine with a Python, ``library_image`` one with the library.
    """

    folder: Path
    has_engine: bool = False
    base_image: str = BASE_IMAGE
    library_image: str = LIBRARY_IMAGE
    ran: list[Block] = field(default_factory=list)

    def follow(self, blocks: Iterable[Block]) -> None:
        """Do what the blocks say, in their order; AssertionError where one is not as it says."""
        said: str | None = None
        for block in blocks:
            if "title" in block.settings:
                (self.folder / block.settings["title"]).write_text(
                    self._here(block.text), encoding="utf-8"
                )
            elif block.language == "sh":
                said = self._run(block) if self._can_run(block) else None
            elif block.language == "text" and said is not None:
                check_quoted(block, said)

    def _here(self, text: str) -> str:
        """A file with the images of this machine in the place of those that a reader has."""
        text = text.replace(f"FROM {LIBRARY_IMAGE}\n", f"FROM {self.library_image}\n")
        return text.replace(BASE_IMAGE, self.base_image)

    def _can_run(self, block: Block) -> bool:
        needs_engine = block.settings.get("run") == "container"
        if needs_engine or not self.has_engine:
            return block.runs and needs_engine == self.has_engine
        return block.runs and "sm-container " not in block.text

    def _run(self, block: Block) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block.text],
            cwd=self.folder,
            env={
                **os.environ,
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "SM_CONTAINER_HOME": str(self.folder.parent / "home"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        expected = int(block.settings.get("exit", "0"))
        assert done.returncode == expected, f"{block}: {done.returncode}, not {expected}\n{said}"
        assert "sm_container/" not in said, f"{block}: a traceback of ours\n{said}"
        self.ran.append(block)
        return said


def check_quoted(block: Block, said: str) -> None:
    """Whether a command said what the block has, word for word but for line breaks and blanks.

    A line of three dots stands for anything.
    """
    text, begin = " ".join(said.split()), 0
    for part in block.text.split("\n...\n"):
        words = " ".join(part.split())
        place = text.find(words, begin)
        assert place >= 0, f"{block}: nobody said {words!r}\n{said}"
        begin = place + len(words)
