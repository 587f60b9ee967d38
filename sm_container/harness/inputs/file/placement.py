"""How a file of this machine gets into a host's tree."""

from __future__ import annotations

import os
import stat
import uuid
from enum import Enum
from pathlib import Path

from sm_container.storage.errors import StorageError
from sm_container.storage.files import clone_file, copy_file, said_of
from sm_container.storage.objects import Advance


class Placement(Enum):
    """What may be done. Blocks are shared between copies wherever the file system can."""

    LINK = "link"
    """Hard links too: nothing in the container can write to the file, which is mounted
    read-only there."""
    COPY = "copy"
    """Copies alone: the container may write to its files."""


def place(source: Path, target: Path, placement: Placement, advance: Advance) -> None:
    """Put ``source`` at ``target``, which is not there yet, readable by all.

    Raises:
        StorageError: where it cannot be read or written, or something stands at ``target``.
    """
    with said_of(str(target)):
        try:
            if placement is Placement.LINK and _link(source, target):
                advance(source.stat().st_size)
            else:
                copy_file(source, target, advance)
        except FileExistsError as error:
            raise StorageError(
                str(target),
                "another object of the channel stands there",
                "on a file system that does not tell A from a, rename one of the two",
            ) from error


def takes_space(source: Path, folder: Path, placement: Placement) -> bool:
    """Whether a file like ``source``, put into ``folder``, takes space of its own there."""
    if placement is Placement.LINK and _can_link(source, folder):
        return False
    trial = folder / f".sm-container-{uuid.uuid4().hex}"
    try:
        return not clone_file(source, trial)
    except (OSError, StorageError):
        return True
    finally:
        trial.unlink(missing_ok=True)


def _can_link(source: Path, folder: Path) -> bool:
    status = source.stat()
    if status.st_uid != os.geteuid():
        # Whoever gives the tree to its user afterwards would give away another's file with it.
        return False
    special = status.st_mode & (stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX)
    readable = status.st_mode & 0o444 == 0o444
    return status.st_dev == folder.stat().st_dev and readable and not special


def _link(source: Path, target: Path) -> bool:
    """Link, unless the file's own mode, owner or file system forbids."""
    # A link to a link would be a link; the file is meant.
    real = Path(os.path.realpath(source))
    if not _can_link(real, target.parent):
        return False
    try:
        os.link(real, target)
    except FileExistsError:
        raise
    except OSError:
        # fs.protected_hardlinks, too many links, a file system without: a copy does as well.
        return False
    return True
