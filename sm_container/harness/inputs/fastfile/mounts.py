"""The mounts of this machine, as the kernel lists them; none of them is touched to know of it.

To look at the folder of a mount whose server is dead is an error, and of one that hangs, a hang.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

KIND = "fuse.sm-container"
"""The type of our mounts."""

_MOUNTINFO = Path("/proc/self/mountinfo")
_ESCAPED = re.compile(rb"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class MountPoint:
    """A mount: its folder, its device as ``major:minor``, and its type."""

    path: Path
    device: str
    kind: str


def mounts_below(folder: Path) -> list[MountPoint]:
    """The mounts below a folder, the one to be unmounted first at the head."""
    # The folder itself may be a dead mount's, but what it lies in is not.
    above = Path(os.path.realpath(folder.parent), folder.name)
    return [mount for mount in reversed(list(_mounts())) if above in mount.path.parents]


def find_mount(folder: Path) -> MountPoint | None:
    """What is mounted at a folder, and seen there."""
    path = Path(os.path.realpath(folder.parent), folder.name)
    return next((mount for mount in reversed(list(_mounts())) if mount.path == path), None)


def _mounts() -> Iterator[MountPoint]:
    """All mounts, in the order of mounting. Source: proc_pid_mountinfo(5)."""
    for line in _MOUNTINFO.read_bytes().split(b"\n"):
        if not line:
            continue
        before, _, after = line.partition(b" - ")
        _, _, device, _, path, *_ = before.split(b" ")
        # A space, tab, line end or backslash is an octal escape; all other bytes are themselves.
        plain = _ESCAPED.sub(lambda found: bytes([int(found[1], 8)]), path)
        yield MountPoint(
            Path(os.fsdecode(plain)), device.decode(), os.fsdecode(after.split(b" ")[0])
        )
