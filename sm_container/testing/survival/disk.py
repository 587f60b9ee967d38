"""A small disk that becomes full: a tmpfs over the checkpoint folder of a job's host.

It is as large as it need be at first. At its moment it shrinks to what is on it, so that whoever
writes gets ENOSPC from the kernel. Only root can mount one.
"""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

from sm_container.harness.engines.engine import EngineError
from sm_container.harness.inputs.fastfile.device import may_mount, unmount
from sm_container.storage.files import FOLDER_MODE

_SOURCE = "sm-container-chaos"
_TRIES = 20


def why_no_disk() -> str | None:
    """Why no disk can be mounted here; None where it can."""
    return None if may_mount() else "a small disk can be mounted by root alone"


class Disk:
    """A disk over a folder, which ``fill`` fills, or time: mounted, filled and closed, and perhaps
    all of it again for another attempt."""

    def __init__(self, folder: Path) -> None:
        self.is_full = False
        self._folder = folder
        self._fault: Exception | None = None
        self._timer: threading.Timer | None = None

    def mount(self) -> None:
        """Raises EngineError where that is refused."""
        _mount("-t", "tmpfs", "-o", f"mode={FOLDER_MODE:o}", _SOURCE, str(self._folder))

    def fill_after(self, seconds: float) -> None:
        """Fill it later."""
        self._timer = threading.Timer(seconds, self.fill)
        self._timer.daemon = True
        self._timer.start()

    def close(self) -> None:
        """Take the disk away with all that is on it. Raises EngineError, MountError."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
        if os.path.ismount(self._folder):
            unmount(self._folder)
        if self._fault is not None:
            raise self._fault

    def fill(self) -> None:
        """Fill it now. Whatever stands in the way is raised by ``close``."""
        try:
            _shrink(self._folder)
            self.is_full = True
        except Exception as fault:  # noqa: BLE001 - raised again by whoever closes this
            self._fault = fault


def _shrink(folder: Path) -> None:
    """Make a disk as small as what is on it. Raises EngineError."""
    for tries_left in reversed(range(_TRIES)):
        try:
            _mount("-o", f"remount,size={_used(folder)}", str(folder))
            return
        except EngineError:
            if not tries_left:
                raise
            # Else it has been written to in between: there is more on it now.


def _used(folder: Path) -> int:
    status = os.statvfs(folder)
    # 0 would be no limit at all.
    return max(status.f_blocks - status.f_bfree, 1) * status.f_frsize


def _mount(*words: str) -> None:
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise EngineError(f"a small disk cannot be mounted: {done.stderr.strip()}")
