"""A program that saves checkpoints and kills itself with SIGKILL in the middle, as it is told.

Each line of its input is a JSON object; for each it forks a child, which saves and dies before the
step of the save whose number is ``kill_at``: each call that makes, opens, syncs, renames or removes
a file, each write of the author's, and the moment after each sync. It answers with how the child
ended: ``-9``, or ``0`` where it came to its end.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
_STEPS = {"os.mkdir", "os.rename", "os.remove", "os.rmdir"}


class Victim:
    """The program, from the side of the test."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
        )

    def save(
        self,
        folder: Path,
        step: int,
        content: Mapping[str, str],
        kill_at: int | None = None,
        newest: int = 2,
        is_copied: bool = False,
    ) -> int:
        """Save in a process of its own; gives how that ended."""
        told = {"folder": str(folder), "step": step, "content": content}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        how = {"newest": newest, "is_copied": is_copied}
        line = json.dumps({**told, "kill_at": kill_at, "how": how})
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the program."""
        self._process.communicate(timeout=60)


@contextmanager
def victim() -> Iterator[Victim]:
    """A victim, gone afterwards."""
    made = Victim()
    try:
        yield made
    finally:
        made.close()


def _die_before(step: int, folder: str) -> Any:
    """Kill this process before the step of that number, counted over all threads; gives what is
    to be called at each of the author's writes."""
    numbers = itertools.count()
    lock = threading.Lock()

    def count() -> None:
        with lock:
            if next(numbers) == step:
                os.kill(os.getpid(), signal.SIGKILL)

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _STEPS or (event == "open" and str(arguments[0]).startswith(folder)):
            count()

    real_fsync = os.fsync

    def fsync(descriptor: int) -> None:
        count()
        real_fsync(descriptor)
        count()

    os.fsync = fsync
    sys.addaudithook(audit)
    return count


def _save(told: Mapping[str, Any]) -> None:
    from tests.runtime.checkpoints.saving import opened

    folder = Path(told["folder"])
    at_each_write = (
        (lambda: None) if told["kill_at"] is None else _die_before(told["kill_at"], told["folder"])
    )

    def write(inside: Path) -> None:
        for name, text in told["content"].items():
            (inside / name).parent.mkdir(exist_ok=True)
            with open(inside / name, "wb", buffering=0) as file:
                for start in range(0, len(text), 4):
                    at_each_write()
                    file.write(text[start : start + 4].encode())

    opened(folder, **told["how"]).save(told["step"], write)


def main() -> None:
    """Answer every line."""
    # Loaded here, so that the children's steps are those of saving alone.
    from sm_container.runtime.checkpoints import locking, removal, space, writing

    del locking, removal, space, writing
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                _save(json.loads(line))
                status = 0
            finally:
                sys.stderr.flush()
                os._exit(status)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
