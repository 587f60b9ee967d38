"""Real mounts of folders, as they are or as a bucket behind a link, and programs that read them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sm_container.harness.inputs.fastfile.device import availability, may_mount
from sm_container.harness.inputs.fastfile.mount import Mount, mount
from sm_container.harness.inputs.fastfile.mounts import find_mount
from sm_container.harness.inputs.listing import InputObject, list_prefix
from sm_container.readahead.ahead import ReadAhead
from sm_container.storage.simulated import Link, LinkedStore
from sm_container.storage.store import Stores

LINK = Link(latency_seconds=0.001)
_SECONDS = 60.0


@dataclass
class Mounted:
    """A mount, what it serves, and what it reported."""

    mount: Mount
    objects: tuple[InputObject, ...]
    ahead: ReadAhead
    faults: list[tuple[str, Exception]] = field(default_factory=list)

    @property
    def path(self) -> Path:
        return self.mount.path


Mounter = Callable[..., Mounted]


@pytest.fixture
def fuse() -> None:
    reason = availability()
    if reason is None:
        return
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def mounted(fuse: None, hostile_tmp_path: Path) -> Iterator[Mounter]:
    """Mount the objects below a folder or URI; a folder with a ``link`` is read as a bucket is."""
    with ExitStack() as stack:

        def make(source: Path | str, link: Link | None = None, memory: int = 64 << 20) -> Mounted:
            listing = list_prefix(str(source), Stores().open)
            store = listing.store if link is None else LinkedStore(listing.store, link)
            mountpoint = hostile_tmp_path / f"mount {len(made)}"
            mountpoint.mkdir()
            ahead = stack.enter_context(ReadAhead(memory, threads=8))
            faults: list[tuple[str, Exception]] = []
            opened = mount(
                listing.objects,
                store,
                mountpoint,
                read_ahead=ahead,
                everyone=may_mount(),
                on_fault=lambda path, error: faults.append((path, error)),
            )
            stack.enter_context(opened)
            made.append(Mounted(opened, listing.objects, ahead, faults))
            return made[-1]

        made: list[Mounted] = []
        yield make
    for one in made:
        assert find_mount(one.path) is None


def python(script: str, *arguments: object, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own: this one serves, and must not wait for itself."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    if check:
        assert done.returncode == 0, done.stderr
    return done


def eventually(condition: Callable[[], object]) -> bool:
    deadline = time.monotonic() + _SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
