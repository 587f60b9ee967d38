"""The files that a new project begins with. They stand in ``sm_container/starters``, in layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

STARTERS = Path(__file__).parents[2] / "starters"
PLACEHOLDER = "my-algorithm"
"""What stands in the files for the project's name."""

_COMPILED = "__pycache__"  # pip compiles whatever it installs


@dataclass(frozen=True)
class Starter:
    """A project for a framework, one of the folders of ``STARTERS``; ``is_script`` for one whose
    program does not know the library."""

    framework: str
    is_script: bool = False

    def files(self, name: str) -> dict[str, bytes]:
        """The content of each file by its path, in the order of the paths, for a project of this
        name. A file of several layers is their parts one after the other."""
        found: dict[str, bytes] = {}
        for layer in self._layers():
            for path in sorted(_files_below(layer)):
                place = path.relative_to(layer).as_posix()
                found[place] = found.get(place, b"") + path.read_bytes()
        return {
            place: content.replace(PLACEHOLDER.encode(), name.encode())
            for place, content in sorted(found.items())
        }

    def _layers(self) -> Iterator[Path]:
        mode = "script" if self.is_script else "declared"
        for of in ("common", self.framework):
            yield STARTERS / of / "both"
            yield STARTERS / of / mode


def _files_below(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and _COMPILED not in path.parts)
