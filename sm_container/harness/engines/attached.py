"""One docker or podman container, attached to from its first byte to its end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from contextlib import suppress

from sm_container.harness.engines.cgroup import stats_of
from sm_container.harness.engines.client import Client, CommandError, Dialect
from sm_container.harness.engines.engine import (
    ContainerSpec,
    EngineError,
    Exit,
    NetworkKind,
    Notes,
    Stats,
    unheard,
)
from sm_container.harness.engines.state import Life, State, exists
from sm_container.harness.engines.waiting import wait_for

_KILLED = 128 + signal.SIGKILL
_PAUSE = 0.05
# What podman, docker's daemon and runc say of an image whose USER or WORKDIR cannot be.
_MISCONFIGURED = re.compile(
    r"unable to find (?:user|group) .*?: no matching entries in \w+ file"
    r'|workdir "[^"]*" .*?is not a directory|workdir "[^"]*" does not exist'
    r"|cannot mkdir: .*? is not a directory"
    r"|chdir to cwd .*?: (?:not a directory|permission denied|no such file or directory)",
    re.IGNORECASE,
)
# What the runtimes say when a memory limit is too small for their own part of the start.
_TOO_SMALL = re.compile(
    r"unable to set memory limit to \d+|memory limit too low|OOM.?killed", re.IGNORECASE
)
# Of a start that the kernel has ended podman's runtime says nothing. It takes less than this.
_START_BYTES = 16 << 20
_RUNTIME_FAILED = re.compile(r"\b(?:runc|crun) start .* failed: exit status \d+")


class AttachedContainer:
    """A created container. The command that starts it stays attached and ends when it does."""

    def __init__(
        self,
        client: Client,
        spec: ContainerSpec,
        identity: str,
        before_removal: Notes = unheard,
    ) -> None:
        self._client = client
        self._spec = spec
        self._identity = identity
        self._before_removal = before_removal
        self._is_removed = False
        self._attached: subprocess.Popen[bytes] | None = None
        self._exit: Exit | None = None
        self._killed = False  # by us: an end by SIGKILL then says nothing about memory
        self._pid: int | None = None

    @property
    def name(self) -> str:
        return self._spec.name

    def start(self) -> tuple[int, int]:
        if self._attached is not None:
            raise EngineError(f"{self.name} was started before")
        interactive = self._spec.interactive
        words = ["start", "--attach", *(["--interactive"] if interactive else []), self.name]
        if interactive:
            self._attached = self._follow(words)
            return os.open(os.devnull, os.O_RDONLY), os.open(os.devnull, os.O_RDONLY)
        self._prepare_network()
        out, out_inside = os.pipe()
        err, err_inside = os.pipe()
        try:
            self._attached = self._follow(words, out_inside, err_inside)
        except OSError as fault:
            os.close(out)
            os.close(err)
            raise EngineError(f"{self._client.program} cannot be run: {fault.strerror}") from fault
        finally:
            os.close(out_inside)
            os.close(err_inside)
        return out, err

    def signal(self, number: int) -> None:
        if self._exit is None and self._is_started():
            if number == signal.SIGKILL:
                self._killed = True
            self._tell("kill", "--signal", str(int(number)), self.name)

    def stop(self, grace_seconds: float) -> None:
        seconds = str(max(0, round(grace_seconds)))

        def stop() -> None:
            if self._exit is None and self._is_started():
                self._killed = True
                self._tell("stop", "--time", seconds, self.name)

        threading.Thread(target=stop, name=f"stop {self.name}", daemon=True).start()

    def wait(self, timeout: float | None = None) -> Exit | None:
        if self._exit is None:
            if self._attached is None:
                raise EngineError(f"{self.name} has not been started")
            code = wait_for(self._attached, timeout)
            if code is None:
                return None
            self._exit = Exit(0) if code == 0 else self._ended(code)
        return self._exit

    def stats(self) -> Stats | None:
        if self._exit is not None or self._attached is None:
            return None
        if self._pid is None:
            state = State.of(self._client, self.name)
            if state is None or state.life is not Life.RUNNING:
                return None
            self._pid = state.pid
        return stats_of(self._pid, self._identity)

    def remove(self) -> None:
        self._killed = True
        if not self._is_removed:
            self._before_removal(self.name)
        self._is_removed = True
        remove(self._client, self.name)
        if self._attached is not None:
            self._attached.wait()

    def _prepare_network(self) -> None:
        """Podman's helper for names in a network writes to the standard error of the command that
        sets the network up, and that of ``start --attach`` is the container's."""
        named = self._spec.network.kind is NetworkKind.NAMED
        if named and self._client.dialect is Dialect.PODMAN:
            # What stands in the way here does so at the start too, where it is dealt with.
            with suppress(CommandError):
                self._client.run("init", self.name)

    def _follow(
        self, words: list[str], stdout: int | None = None, stderr: int | None = None
    ) -> subprocess.Popen[bytes]:
        interactive = self._spec.interactive
        return subprocess.Popen(
            [self._client.program, *words],
            stdin=None if interactive else subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env=self._client.environment(),
            cwd=self._client.folder,
            start_new_session=not interactive,  # Ctrl-C at the terminal is the harness's to act on
        )

    def _is_started(self) -> bool:
        """Waits until the engine has started it, since it takes no signal before; False where it
        has ended or was never to run."""
        while self._attached is not None and self._attached.poll() is None:
            state = State.of(self._client, self.name)
            if state is None or state.life is not Life.CREATED:
                return state is not None and state.life is Life.RUNNING
            time.sleep(_PAUSE)
        state = State.of(self._client, self.name)
        return state is not None and state.life is Life.RUNNING

    def _tell(self, *words: str) -> None:
        """Run a command that may come too late for a container that has just ended."""
        try:
            self._client.run(*words, seconds=None)
        except CommandError:
            state = State.of(self._client, self.name)
            if state is not None and state.life is Life.RUNNING:
                raise

    def _ended(self, code: int) -> Exit:
        """What the engine knows, where the attached command's end does not tell it."""
        state = State.of(self._client, self.name)
        if state is not None and state.life is Life.RUNNING:
            # The command lost its container, or was killed. The container's end is still known.
            self._client.run("wait", self.name, seconds=None)
            state = State.of(self._client, self.name)
        if state is None:
            return Exit(_KILLED) if self._killed else _vanished(self.name)
        if state.life is Life.CREATED and code < 0:
            remove(self._client, self.name)  # it may run all the same, unknown to the engine
            return Exit(125, engine_error=f"the start of {self.name} was killed by someone else")
        if state.life is Life.CREATED:
            return self._not_run()
        limited = self._spec.memory_bytes is not None
        # Podman does not tell an end for want of memory from any other SIGKILL.
        starved = state.exit_code == _KILLED and limited and not self._killed
        return Exit(state.exit_code, out_of_memory=state.out_of_memory or starved)

    def _not_run(self) -> Exit:
        """Why the program could not be run, which the engine says again when asked again."""
        try:
            self._client.run("start", self.name)
        except CommandError as fault:
            if lacks_memory(str(fault), self._spec.memory_bytes):
                return Exit(_KILLED, out_of_memory=True, engine_error=str(fault))
            return exit_of_start_error(str(fault))
        remove(self._client, self.name)
        return Exit(125, engine_error=f"{self.name} could not be started; the log ends with why")


def exit_of_start_error(text: str) -> Exit:
    """The service's exit code for what an engine says when it cannot run an entry point.

    Also 126 where it cannot for the image's own USER or WORKDIR: no other attempt would go better.
    """
    at = text.find("exec: ")
    said = text[at:] if at >= 0 else text
    for mark, code in (
        ("executable file not found in $PATH", 127),
        ("no such file or directory", 127),
        ("permission denied", 126),
        ("exec format error", 126),
        ("is a directory", 126),
    ):
        end = said.find(mark)
        if at >= 0 and end >= 0:
            return Exit(code, engine_error=said[: end + len(mark)])
    misconfigured = _MISCONFIGURED.search(text)
    if misconfigured is not None:
        return Exit(126, engine_error=misconfigured[0])
    return Exit(125, engine_error=text)


def lacks_memory(text: str, limit: int | None) -> bool:
    """Whether an engine, by what it says, could not start a container for its memory limit."""
    if limit is None:
        return False
    silent = limit < _START_BYTES and _RUNTIME_FAILED.search(text) is not None
    return silent or _TOO_SMALL.search(text) is not None


def remove(client: Client, container: str) -> None:
    """Ends and removes a container at once; nothing happens if there is none."""
    # Docker kills what it is forced to remove; podman would give it ten seconds.
    at_once = ("--time", "0") if client.dialect is Dialect.PODMAN else ()
    try:
        client.run("rm", "--force", *at_once, "--volumes", container)
    except CommandError:
        if exists(client, container):
            raise


def _vanished(name: str) -> Exit:
    return Exit(125, engine_error=f"{name} was removed by someone else while it ran")
