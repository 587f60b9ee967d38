"""The fenced blocks of the documentation, with what their info strings say about them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
NOT_BY_ITSELF = ("no", "pytest")
"""What the setting ``run`` says of a block that is not simply run."""

_SETTING = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class Block:
    """One fenced block. Settings follow the language: ```` ```sh run="no" ````.

    ``title`` names the file that the block is, ``run="no"`` keeps it from being run, with
    ``run="pytest"`` it is part of a test module, ``run="container"`` until there is a container
    engine, ``exit`` is the exit code of its last command.
    """

    page: Path
    line: int
    language: str
    settings: dict[str, str]
    text: str

    @property
    def runs(self) -> bool:
        return self.settings.get("run") not in NOT_BY_ITSELF

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """Every page of the documentation."""
    top = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    examples = sorted(ROOT.glob("examples/*/README.md"))
    return [*top, *sorted((ROOT / "docs").rglob("*.md")), *examples]


def followed() -> list[Path]:
    """The pages that a reader follows from their first step to the last, at a desk."""
    docs = ROOT / "docs"
    return [
        docs / "tutorial.md",
        docs / "service.md",
        *sorted(docs.glob("how-to/*.md")),
        *sorted(docs.glob("migrate/*")),
    ]


def blocks(*languages: str) -> list[Block]:
    """The blocks of all pages that are written in one of the languages."""
    return [block for page in pages() for block in blocks_of(page) if block.language in languages]


def blocks_of(page: Path) -> Iterator[Block]:
    """The blocks of one page, in their order."""
    for token in MarkdownIt().parse(page.read_text(encoding="utf-8")):
        if token.type == "fence" and token.map is not None:
            language, _, settings = token.info.partition(" ")
            line = token.map[0] + 1
            yield Block(page, line, language, dict(_SETTING.findall(settings)), token.content)
