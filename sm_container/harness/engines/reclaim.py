"""Files that a container wrote as another user become the caller's again, to read and delete."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from sm_container.harness.engines.client import Client, CommandError, Dialect
from sm_container.harness.engines.create_command import image_of, mount_words
from sm_container.harness.engines.engine import EngineError, Mount, Target

# Not where a tree stands otherwise, where a VOLUME of the image might hide a part of it.
_PLACE = "/sm-container-tree"
_PYTHON = (
    "import os, sys; u, g = int(sys.argv[1]), int(sys.argv[2])\n"
    f"for top, folders, files in os.walk({_PLACE!r}):\n"
    "    for name in ['.', *folders, *files]: os.lchown(os.path.join(top, name), u, g)"
)


def reclaim(client: Client, tree: Path, target: Target) -> None:
    """Give everything below ``tree`` to this process's user.

    The engine's own root does it, in a short container of the job's image; a rootless podman needs
    no container. Costs a look at the tree where there is nothing to do. Raises
    :class:`EngineError` where it cannot be done.
    """
    if next(foreign(tree), None) is None:
        return
    if client.dialect is Dialect.PODMAN and os.geteuid() != 0 and client.endpoint == "local":
        # In podman's own user namespace the user is root.
        client.run("unshare", "chown", "--recursive", "--no-dereference", "0:0", "--", str(tree))
    else:
        _by_container(client, tree, image_of(target))
    left = next(foreign(tree), None)
    if left is not None:
        raise EngineError(f"{left} belongs to another user; run: sudo chown -R $USER {tree}")


def foreign(folder: Path) -> Iterator[Path]:
    """What below a folder is not this user's, or cannot be looked into; root owns all."""
    user = os.geteuid()
    if user == 0:
        return
    stack = [folder]
    while stack:
        current = stack.pop()
        try:
            entries = list(os.scandir(current))
        except PermissionError:
            yield current
            continue
        for entry in entries:
            if entry.stat(follow_symlinks=False).st_uid != user:
                yield Path(entry.path)
            elif entry.is_dir(follow_symlinks=False):
                stack.append(Path(entry.path))


def _by_container(client: Client, tree: Path, image: str) -> None:
    owner = f"{os.geteuid()}:{os.getegid()}"
    common = ("run", "--rm", "--pull=never", "--network", "none", "--user", "0:0")
    mount = mount_words(Mount(tree, _PLACE))
    chown = ("--recursive", "--no-dereference", owner, _PLACE)
    try:
        client.run(*common, *mount, "--entrypoint", "chown", image, *chown)
    except CommandError:
        # Perhaps an image without coreutils: those of algorithms have Python.
        client.run(
            *common, *mount, "--entrypoint", "python3", image, "-c", _PYTHON, *owner.split(":")
        )
