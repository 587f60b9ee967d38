"""One start of an algorithm in this process: its output, its signals, its environment, its end."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from types import FrameType
from typing import Any, NoReturn

from sm_container.algorithm.algorithm import Algorithm
from sm_container.algorithm.program import train_or_exit
from sm_container.contract.layout import BASE_DIR_VARIABLE, Layout
from sm_container.contract.platform import stop_seconds
from sm_container.harness.engines.engine import ContainerSpec, EngineError, Exit, Stats
from sm_container.runtime import configuration as configuration_files
from sm_container.runtime.environment import variables
from sm_container.runtime.stop import Stop
from sm_container.testing.jobs.in_process.stage import Stage

_KILL = signal.SIGRTMIN + 7
_KILLED = 128 + signal.SIGKILL
_END_SECONDS = 30.0


class _Killed(BaseException):
    """In the place of SIGKILL, which would end the tests as well."""


class InProcessContainer:
    """An algorithm's run on the main thread."""

    def __init__(self, spec: ContainerSpec, algorithm: Algorithm[Any], stage: Stage) -> None:
        self._spec = spec
        self._algorithm = algorithm
        self._stage = stage
        self._stop = Stop(stop_seconds(spec.environment))
        self._ended = threading.Event()
        self._exit: Exit | None = None
        self._lock = threading.Lock()
        self._is_hearing = False
        self._pending: list[int] = []
        self._killer: threading.Timer | None = None
        self._inside: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        return self._spec.name

    def start(self) -> tuple[int, int]:
        if self._inside is not None:
            raise EngineError(f"{self.name} was started before")
        out, out_inside = os.pipe()
        err, err_inside = os.pipe()
        self._inside = (out_inside, err_inside)
        self._stage.submit(self._run)
        return out, err

    def signal(self, number: int) -> None:
        sent = _KILL if number == signal.SIGKILL else number
        with self._lock:
            if self._is_hearing:
                main = threading.main_thread().ident
                assert main is not None
                signal.pthread_kill(main, sent)
            elif self._exit is None:
                self._pending.append(sent)

    def stop(self, grace_seconds: float) -> None:
        self._cancel_killer()
        self.signal(signal.SIGTERM)
        self._killer = threading.Timer(grace_seconds, self.signal, (signal.SIGKILL,))
        self._killer.daemon = True
        self._killer.start()

    def wait(self, timeout: float | None = None) -> Exit | None:
        self._ended.wait(timeout)
        return self._exit

    def stats(self) -> Stats | None:
        return None  # what the algorithm uses cannot be told from what the tests use

    def remove(self) -> None:
        self._cancel_killer()
        if self._inside is not None and self._exit is None:
            self.signal(signal.SIGKILL)
            if self.wait(_END_SECONDS) is None:
                raise EngineError(f"{self.name} does not end: it catches every exception")

    def _run(self) -> None:
        """Train, on the main thread. Raises KeyboardInterrupt where a person ends it."""
        assert self._inside is not None
        code = _KILLED
        try:
            with ExitStack() as around:
                for descriptor, inside in zip((1, 2), self._inside, strict=True):
                    around.enter_context(_redirected(descriptor, inside))
                around.enter_context(self._environment())
                around.enter_context(self._hearing())
                code = self._train()
        except _Killed:
            code = _KILLED
        finally:
            for inside in self._inside:
                os.close(inside)
            self._exit = Exit(code)
            self._ended.set()

    def _train(self) -> int:
        try:
            train_or_exit(self._algorithm, self._stop)
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        return 0

    @contextmanager
    def _hearing(self) -> Iterator[None]:
        """Have the signals of this container come as they would to a process of its own."""

        def told(number: int, frame: FrameType | None) -> None:
            self._stop.request(signal.Signals(number))

        before = {
            signal.SIGTERM: signal.signal(signal.SIGTERM, told),
            _KILL: signal.signal(_KILL, _kill),
        }
        try:
            with self._lock:
                self._is_hearing = True
            for number in self._pending:
                signal.raise_signal(number)
            yield
        finally:
            with self._lock:
                self._is_hearing = False
            for number, handler in before.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)

    @contextmanager
    def _environment(self) -> Iterator[None]:
        """The variables that sm-train gives a program, and nothing that the tests had set."""
        outside = {**os.environ}
        try:
            os.environ.update(self._spec.environment)
            os.environ[BASE_DIR_VARIABLE] = str(self._spec.tree)
            os.environ.update(_toolkit_variables())
            yield
        finally:
            _restore(outside)

    def _cancel_killer(self) -> None:
        if self._killer is not None:
            self._killer.cancel()


def _toolkit_variables() -> dict[str, str]:
    configuration = configuration_files.read(Layout.from_environment())
    assert configuration is not None  # the harness has just written it
    return variables(configuration, None, os.environ)


def _restore(environment: Mapping[str, str]) -> None:
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    os.environ.update(environment)


def _kill(number: int, frame: FrameType | None) -> NoReturn:
    raise _Killed


@contextmanager
def _redirected(descriptor: int, inside: int) -> Iterator[None]:
    """Have what this process writes to a descriptor come out of the container, and what Python's
    stream writes as well: pytest has given that one a file of its own."""
    stream, redirect = (
        (sys.stdout, redirect_stdout) if descriptor == 1 else (sys.stderr, redirect_stderr)
    )
    stream.flush()
    kept = os.dup(descriptor)
    own = open(os.dup(inside), "w", buffering=1, encoding="utf-8", errors="surrogateescape")  # noqa: SIM115
    try:
        os.dup2(inside, descriptor)
        with own, redirect(own):
            yield
    finally:
        os.dup2(kept, descriptor)
        os.close(kept)
