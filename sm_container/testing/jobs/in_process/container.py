"""One start of an algorithm in this process: its output, its signals, its environment, its end."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any, NoReturn

from sm_container.algorithm.algorithm import Algorithm
from sm_container.algorithm.program import train_or_exit
from sm_container.contract.platform import stop_seconds
from sm_container.harness.engines.engine import ContainerSpec, EngineError, Exit, Stats
from sm_container.runtime.stop import Stop
from sm_container.testing.jobs.in_process import log_handlers
from sm_container.testing.jobs.in_process.output import Output, taking
from sm_container.testing.jobs.in_process.stage import Stage
from sm_container.testing.jobs.variables import job_variables

_KILL = signal.SIGRTMIN + 7
_KILLED = 128 + signal.SIGKILL
_END_SECONDS = 30.0
_NOTICE_SECONDS = 5.0


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
        self._told = threading.Event()
        self._pending: list[int] = []
        self._killer: threading.Timer | None = None
        self._output: Output | None = None

    @property
    def name(self) -> str:
        return self._spec.name

    def start(self) -> tuple[int, int]:
        if self._output is not None:
            raise EngineError(f"{self.name} was started before")
        self._output = Output()
        self._stage.submit(self._run)
        return self._output.stdout, self._output.stderr

    def signal(self, number: int) -> None:
        sent = _KILL if number == signal.SIGKILL else number
        with self._lock:
            self._told.set()
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
        if self._output is not None and self._exit is None:
            self.signal(signal.SIGKILL)
            if self.wait(_END_SECONDS) is None:
                raise EngineError(f"{self.name} does not end: it catches every exception")

    def _run(self) -> None:
        """Train, on the main thread. Where a person ends the tests, or the algorithm raises what
        would end no program, the stage notes that before the container has ended."""
        assert self._output is not None
        code = _KILLED
        try:
            with ExitStack() as around:
                taken = around.enter_context(taking(self._output))
                around.enter_context(log_handlers.of_its_own(taken))
                around.enter_context(self._environment())
                around.enter_context(self._hearing())
                code = self._train()
        except _Killed:
            code = _KILLED
        except BaseException as raised:  # noqa: BLE001 - the stage raises it again
            self._stage.note(raised)
            self._told.wait(_NOTICE_SECONDS)  # else the job looks as if it had failed by itself
        finally:
            self._output.end()
            self._exit = Exit(code)
            self._ended.set()

    def _train(self) -> int:
        try:
            train_or_exit(self._algorithm, self._stop)
        except SystemExit as ended:
            return _exit_code(ended)
        return 0

    @contextmanager
    def _hearing(self) -> Iterator[None]:
        """Have the signals of this container come as they would to a process of its own."""

        def told(number: int, frame: FrameType | None) -> None:
            if not self._told.is_set():  # it is for the tests themselves
                raise KeyboardInterrupt
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
        """The variables that ``sm-train`` gives a program, beside those of this process, and
        afterwards the variables and the folder that this process had before."""
        outside, folder = {**os.environ}, os.getcwd()
        try:
            os.environ.update(job_variables(self._spec.tree, self._spec.environment))
            yield
        finally:
            _restore(outside)
            os.chdir(folder)

    def _cancel_killer(self) -> None:
        if self._killer is not None:
            self._killer.cancel()


def _exit_code(ended: SystemExit) -> int:
    """The code that a program ends with, which says on its standard error what is no number."""
    if ended.code is None or isinstance(ended.code, int):
        return (ended.code or 0) & 0xFF
    print(ended.code, file=sys.stderr)
    return 1


def _restore(environment: Mapping[str, str]) -> None:
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    os.environ.update(environment)


def _kill(number: int, frame: FrameType | None) -> NoReturn:
    raise _Killed
