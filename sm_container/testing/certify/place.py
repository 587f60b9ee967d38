"""A home of a battery's own below the user's: no list shows its jobs, and they go with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sm_container.harness.inputs.file.cache import ObjectCache
from sm_container.harness.store.home import Home
from sm_container.testing.own_folder import left_over_folders, new_folder


@contextmanager
def own_home(home: Home, *, kept: bool) -> Iterator[Home]:
    """A home for a battery, which is its alone within the block, but for the objects of S3 that
    were copied before, or will be wanted after it."""
    with new_folder(home.path / "certify", kept=kept) as path:
        own = _at(path)
        ObjectCache(home.cache).share(own.cache)
        yield own


def left_over(home: Home) -> Iterator[Home]:
    """The homes of killed batteries. Each is the caller's alone until the next is asked for."""
    for path in left_over_folders(home.path / "certify"):
        yield _at(path)


def _at(path: Path) -> Home:
    return Home.from_environment({"SM_CONTAINER_HOME": str(path)})
