"""Machines as others are laid out: a procfs and control groups as files."""

from __future__ import annotations

from pathlib import Path

import pytest


class Machine:
    """A procfs and a control group file system, written out as files."""

    def __init__(self, folder: Path) -> None:
        self.proc = folder / "proc"
        self.sys = folder / "sys with blank"
        (self.proc / "self").mkdir(parents=True)
        self._mounts: list[str] = []

    def mount(self, kind: str, name: str, controllers: str, root: str = "/") -> Path:
        point = self.sys / name
        point.mkdir(parents=True)
        shown = str(point).replace("\\", r"\134").replace(" ", r"\040")
        self._mounts.append(f"32 31 0:29 {root} {shown} rw - {kind} {kind} rw,{controllers}")
        return point

    def belongs(self, *lines: str) -> None:
        (self.proc / "self/cgroup").write_text("".join(f"{line}\n" for line in lines))
        (self.proc / "self/mountinfo").write_text("".join(f"{line}\n" for line in self._mounts))


@pytest.fixture
def machine(hostile_tmp_path: Path) -> Machine:
    return Machine(hostile_tmp_path)


def put(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(f"{content}\n")
