"""One program that runs as a job's container, and the process in between that watches it."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sm_container.contract.layout import BASE_DIR_VARIABLE
from sm_container.contract.outcome import exit_status
from sm_container.harness.engines.engine import (
    JOB_LABEL,
    ContainerSpec,
    EngineError,
    Exit,
    Stats,
)
from sm_container.harness.engines.environment import program_environment
from sm_container.harness.engines.isolation import Isolation, IsolationKind, View, in_tree
from sm_container.harness.engines.leftovers import MARKER, ProcessIdentity, end_marked
from sm_container.harness.engines.program import Program
from sm_container.harness.engines.records import ProgramRecord, Records
from sm_container.harness.engines.waiting import wait_for

_END_SECONDS = 10.0


@dataclass(frozen=True)
class Launch:
    """All that starting a program takes. ``marker`` stands in the environment of all it starts."""

    spec: ContainerSpec
    program: Program
    view: View
    isolation: Isolation
    marker: str
    records: Records

    @property
    def is_plain(self) -> bool:
        return self.isolation.kind is IsolationKind.PLAIN

    def environment(self) -> dict[str, str]:
        variables = {**self.program.environment, MARKER: self.marker}
        if self.is_plain:
            variables[BASE_DIR_VARIABLE] = str(self.view.tree)
        return program_environment(self.spec, variables, os.environ)


class ProcessContainer:
    """A program between its creation and its removal. ``starter`` is the thread that starts it."""

    def __init__(self, launch: Launch, starter: ThreadPoolExecutor) -> None:
        self._launch = launch
        self._starter = starter
        self._watcher: subprocess.Popen[bytes] | None = None
        self._first: ProcessIdentity | None = None
        self._status: int | None = None
        self._is_entered = False  # the namespaces were made
        self._exit: Exit | None = None
        self._killer: threading.Timer | None = None
        self._peak = 0

    @property
    def name(self) -> str:
        return self._launch.spec.name

    def start(self) -> tuple[int, int]:
        if self._watcher is not None or self._exit is not None:
            raise EngineError(f"{self.name} was started before")
        if self._launch.spec.interactive:
            self._run(None, None)
            return _nothing(), _nothing()
        out, out_inside = os.pipe()
        err, err_inside = os.pipe()
        try:
            self._run(out_inside, err_inside)
        except BaseException:
            os.close(out)
            os.close(err)
            raise
        finally:
            os.close(out_inside)
            os.close(err_inside)
        return out, err

    def signal(self, number: int) -> None:
        if self._first is not None and self._exit is None:
            self._first.signal(number)

    def stop(self, grace_seconds: float) -> None:
        self._cancel_killer()
        self.signal(signal.SIGTERM)
        self._killer = threading.Timer(grace_seconds, self.signal, (signal.SIGKILL,))
        self._killer.daemon = True
        self._killer.start()

    def wait(self, timeout: float | None = None) -> Exit | None:
        if self._exit is None:
            if self._watcher is None:
                raise EngineError(f"{self.name} has not been started")
            code = wait_for(self._watcher, timeout)
            if code is None:
                return None
            self._cancel_killer()
            if self._launch.is_plain:  # a namespace's processes end with it; others may run away
                end_marked(self._launch.marker)
            self._exit = self._ended(exit_status(code))
        return self._exit

    def stats(self) -> Stats | None:
        import psutil

        if self._first is None or self._exit is not None:
            return None
        memory, cpu = 0, 0.0
        try:
            first = psutil.Process(self._first.pid)
            processes = [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return None
        for process in processes:
            try:
                memory += process.memory_info().rss
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            cpu += times.user + times.system
        self._peak = max(self._peak, memory)
        return Stats(memory, self._peak, None, cpu)

    def remove(self) -> None:
        self._cancel_killer()
        if self._watcher is not None and self._exit is None:
            self.signal(signal.SIGKILL)
            if self.wait(_END_SECONDS) is None:
                raise EngineError(f"{self.name} does not end after SIGKILL")
        if self._status is not None:
            os.close(self._status)
            self._status = None
        self._launch.records.remove(self.name)

    def _run(self, stdout: int | None, stderr: int | None) -> None:
        """Start the program and learn which process it is."""
        self._status, inside = os.pipe()
        launch = self._launch
        try:
            argv = launch.isolation.command(launch.program.argv, launch.view, inside)
            self._watcher = self._starter.submit(self._spawn, argv, inside, stdout, stderr).result()
        except OSError as fault:
            self._exit = _not_started(launch.program.argv[0], fault)
            return
        finally:
            os.close(inside)
        if launch.is_plain:
            self._first = ProcessIdentity.of(self._watcher.pid)
        elif line := _line(self._status):
            self._first = ProcessIdentity.of(json.loads(line)["child-pid"])
            self._is_entered = True
        known = (self._first, ProcessIdentity.of(self._watcher.pid))
        launch.records.write(
            ProgramRecord(
                launch.spec.labels[JOB_LABEL], self.name, tuple(p for p in known if p is not None)
            )
        )

    def _spawn(
        self, argv: list[str], status: int, stdout: int | None, stderr: int | None
    ) -> subprocess.Popen[bytes]:
        launch = self._launch
        interactive = launch.spec.interactive
        return subprocess.Popen(
            argv,
            env=launch.environment(),
            cwd=launch.view.folder if launch.is_plain else "/",
            stdin=None if interactive else subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            pass_fds=() if launch.is_plain else (status,),
            start_new_session=not interactive,  # Ctrl-C at the terminal is the harness's to act on
        )

    def _ended(self, code: int) -> Exit:
        """What the end of the watching process says about the program's."""
        if self._launch.is_plain or self._status is None:
            return Exit(code)
        told: dict[str, Any] = {}
        while line := _line(self._status):
            told.update(json.loads(line))
        if "error" in told:
            return Exit(125, engine_error=told["error"])
        if "exec-errno" in told:
            return _not_started(self._launch.program.argv[0], OSError(told["exec-errno"], ""))
        if "exit-code" in told:
            return Exit(told["exit-code"])
        if code > 128:
            return Exit(code)  # the watching process was killed
        if self._is_entered:
            return _not_run(self._launch.program.argv[0], self._launch.view)
        kind = self._launch.isolation.kind.value
        return Exit(125, engine_error=f"{kind} failed; the log ends with why")

    def _cancel_killer(self) -> None:
        if self._killer is not None:
            self._killer.cancel()


def _not_started(program: str, fault: OSError) -> Exit:
    """Why the kernel did not run a program."""
    if isinstance(fault, FileNotFoundError):
        return Exit(127, engine_error=f'exec: "{program}": executable file not found in $PATH')
    if fault.errno in (errno.EACCES, errno.ENOEXEC):
        return Exit(126, engine_error=f'exec: "{program}": {os.strerror(fault.errno)}')
    return Exit(125, engine_error=f"{program} could not be started: {fault}")


def _not_run(program: str, view: View) -> Exit:
    """Why bubblewrap did not run a program, which it tells nobody but the log."""
    seen = in_tree(program, view.tree)
    found = seen if "/" in seen else shutil.which(seen)
    if found is None or not os.path.exists(found):
        return _not_started(program, FileNotFoundError(errno.ENOENT, ""))
    if os.path.isdir(found) or not os.access(found, os.X_OK):
        return _not_started(program, PermissionError(errno.EACCES, ""))
    with open(found, "rb") as file:
        if not file.read(4).startswith((b"#!", b"\x7fELF")):
            return _not_started(program, OSError(errno.ENOEXEC, ""))
    return Exit(125, engine_error=f"bubblewrap could not run {program}; the log ends with why")


def _line(descriptor: int) -> str:
    """One line of a pipe, byte by byte so that the next stays in it; empty at its end."""
    line = b""
    while (byte := os.read(descriptor, 1)) not in (b"", b"\n"):
        line += byte
    return line.decode()


def _nothing() -> int:
    """A descriptor that is at its end."""
    return os.open(os.devnull, os.O_RDONLY)
