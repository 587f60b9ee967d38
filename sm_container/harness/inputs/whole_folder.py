"""Whether a channel is a folder of this machine as it stands, which can be shown as it is."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from sm_container.harness.inputs.plan import ChannelPlan
from sm_container.storage.errors import StorageError
from sm_container.storage.local import LocalStore


def whole_folder(plan: ChannelPlan) -> Path | None:
    """The folder whose files are the channel's, no more and no fewer, each at its own path.

    None where there is none: the data is elsewhere, shared among hosts, a sample; or something in
    the folder is no plain file that everybody may read, such as a link, which leads elsewhere from
    within a container.
    """
    if not isinstance(plan.store, LocalStore) or plan.is_sample or not plan.objects:
        return None
    if any(len(plan.places(host)) != len(plan.objects) for host in plan.hosts):
        return None
    first = plan.objects[0]
    try:
        file = str(plan.store.local_file(first.object))
    except StorageError:
        return None
    folder = file.removesuffix(f"/{first.path}")
    if folder == file or _files(folder) != {item.path for item in plan.objects}:
        return None
    return Path(folder)


def _files(folder: str) -> set[str] | None:
    """The paths of all files below; None where something is not a file or may not be read."""
    found: set[str] = set()
    folders = [""]
    while folders:
        below = folders.pop()
        try:
            with os.scandir(os.path.join(folder, below)) as entries:
                for entry in entries:
                    path = f"{below}/{entry.name}" if below else entry.name
                    mode = entry.stat(follow_symlinks=False).st_mode
                    if stat.S_ISDIR(mode) and mode & 0o555 == 0o555:
                        folders.append(path)
                    elif stat.S_ISREG(mode) and mode & 0o444 == 0o444:
                        found.add(path)
                    else:
                        return None
        except OSError:
            return None
    return found
