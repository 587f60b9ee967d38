"""A home of a battery's own below the user's: no list shows its jobs, and they go with it.

It is locked for as long as the battery lives: one that is not is what a killed battery has left.
"""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sm_container.harness.inputs.file.cache import ObjectCache
from sm_container.harness.store.home import Home
from sm_container.harness.store.lock import lock, locked

_KEPT = "kept-"


@contextmanager
def own_home(home: Home, *, kept: bool) -> Iterator[Home]:
    """A home for a battery, which is its alone within the block, but for the objects of S3 that
    were copied before, or will be wanted after it."""
    above = _above(home)
    above.mkdir(exist_ok=True)
    path = above / f"{_KEPT if kept else ''}{uuid.uuid4().hex[:8]}"
    with locked(above):  # or another might find it without a lock
        path.mkdir()
        held = lock(path)
    try:
        own = Home.from_environment({"SM_CONTAINER_HOME": str(path)})
        ObjectCache(home.cache).share(own.cache)
        yield own
    finally:
        os.close(held)


def left_over(home: Home) -> Iterator[Home]:
    """The homes of killed batteries. Each is the caller's alone until the next is asked for."""
    for path in sorted(_above(home).glob("*")):
        if path.name.startswith(_KEPT):
            continue
        try:
            with locked(_above(home)):
                held = lock(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, FileNotFoundError):
            continue  # its battery lives, or another has come first
        try:
            yield Home.from_environment({"SM_CONTAINER_HOME": str(path)})
        finally:
            os.close(held)


def _above(home: Home) -> Path:
    return home.path / "certify"
