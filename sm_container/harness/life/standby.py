"""A process that stands by to own a job: it has imported all that a job needs, and waits for one.

Half of the time between a request and its container is the start of a Python that can run it. Who
starts many jobs has the next one's process ready. It ends by itself when who would give it a job is
gone.
"""

from __future__ import annotations

import importlib
import os
import socket
import subprocess
import sys

from sm_container.harness.life.launch import start_owner
from sm_container.harness.life.owner import own
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.home import Home
from sm_container.harness.store.ownership import Ownership

# What the run of a job imports when it comes to it.
_LATER = (
    "sm_container.harness.engines.container",
    "sm_container.harness.engines.process",
    "sm_container.harness.life.feeding",
    "sm_container.harness.outputs.archive",
)
_NAME_BYTES = 256


class Standby:
    """One process that stands by, for the jobs of a home; each job that is given takes one, and
    another is started. Not to be used by two threads at once. ``close`` ends the one that waits."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._ready = _started(home)

    def give(self, folder: JobFolder, ownership: Ownership) -> subprocess.Popen[bytes]:
        """Have a job that was made, and has not begun, run to its end; ``ownership`` is the
        process's from then on."""
        line, process = self._ready
        self._ready = _started(self._home)
        with line, open(folder.owner_log, "wb") as log:
            descriptors = [ownership.descriptor, log.fileno()]
            try:
                socket.send_fds(line, [os.fsencode(folder.name)], descriptors)
            except OSError:  # it has been killed: its like would be, too, if there is a reason
                process.wait()
                return start_owner(self._home, folder, ownership)
        ownership.release()
        return process

    def close(self) -> None:
        line, process = self._ready
        line.close()
        process.wait()


def _started(home: Home) -> tuple[socket.socket, subprocess.Popen[bytes]]:
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(home.path), str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
    return ours, process


def main(arguments: list[str]) -> int:
    """Wait for a job, then own it; the exit code is the one that ``wait`` will give for it."""
    home, line = arguments
    for module in _LATER:
        importlib.import_module(module)
    with socket.socket(fileno=int(line)) as waiting:
        name, descriptors, _, _ = socket.recv_fds(waiting, _NAME_BYTES, 2)
    if not name:
        return 0  # nobody will give it one any more
    lock, log = descriptors
    os.set_inheritable(lock, False)
    for said in (sys.stdout.fileno(), sys.stderr.fileno()):
        os.dup2(log, said)
    os.close(log)
    return own(home, os.fsdecode(name), lock)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
