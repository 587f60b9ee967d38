"""``algorithm.main()``: an algorithm as the program of a container.

Source: developer guide, "How Amazon SageMaker Runs Your Training Image" and "Signals Algorithm
Success and Failure".
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sm_container.algorithm.job import load_job
from sm_container.algorithm.training import train
from sm_container.channels.errors import ChannelError
from sm_container.contract.errors import ContractError
from sm_container.contract.failure import failure_text
from sm_container.contract.layout import Layout
from sm_container.contract.outcome import write_failure
from sm_container.contract.platform import stop_seconds
from sm_container.declaration.errors import HyperparameterError
from sm_container.runtime.fault import Fault
from sm_container.runtime.hearing import hear
from sm_container.runtime.stop import Stop
from sm_container.runtime.supervision import SUPERVISED_VARIABLE

if TYPE_CHECKING:
    from sm_container.algorithm.algorithm import Algorithm

_SUPERVISOR = "sm_container.runtime.supervisor"
_USAGE = "usage: {program} [train] | {program} describe [--json | --markdown] [--image URI]"


def main(algorithm: Algorithm[Any], arguments: Sequence[str] | None = None) -> None:
    """Do what the arguments say. Exits with 1 if training failed, 2 for a command unknown.

    Options before any command are script mode's hyperparameters: they stand in
    ``hyperparameters.json`` as well, and are read from there.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    command = arguments[0] if arguments else "train"
    if command == "describe":
        from sm_container.algorithm.describe import describe

        describe(algorithm.declaration, arguments[1:])
    elif command in ("-h", "--help"):
        print(_USAGE.format(program=os.path.basename(sys.argv[0])))
    elif command == "train" or command.startswith("-"):
        _supervise()
        stop = Stop(stop_seconds(os.environ))
        hear(stop)
        train_or_exit(algorithm, stop)
    else:
        print(f"error: {command!r} is neither train nor describe", file=sys.stderr)
        raise SystemExit(2)


def _supervise() -> None:
    """As PID 1, become the supervisor, which starts this same command line again below it.

    SIGTERM stays blocked across the exec: one that comes in between waits for the supervisor.
    """
    if os.getpid() != 1 or SUPERVISED_VARIABLE in os.environ:
        return
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    command = [sys.executable, *sys.orig_argv[1:]]
    os.execv(sys.executable, [sys.executable, "-m", _SUPERVISOR, "--", *command])


def train_or_exit(algorithm: Algorithm[Any], stop: Stop) -> None:
    """Train in the tree that the environment names, as a container's program does.

    Raises:
        SystemExit: with 1 where training fails; why is in the failure file and on the standard
            error.
    """
    layout = Layout.from_environment()
    try:
        job = load_job(algorithm.declaration, layout, stop=stop)
    except (HyperparameterError, ChannelError, ContractError, Fault) as error:
        # The request's fault: where in the program it showed says nothing to who wrote it.
        text = f"{type(error).__name__}: {error}"
        _report(layout, text, f"ERROR: {text}")
        raise SystemExit(1) from None
    if stop.requested:
        print(f"{stop.reason} came before training began", file=sys.stderr)
        return
    try:
        train(algorithm.train_function, job, algorithm.declaration)
    except Exception as error:  # noqa: BLE001 - whatever the author's code raises
        from traceback import format_exc

        from sm_container.runtime import data_faults

        shown = data_faults.said(error) or format_exc().rstrip()
        _report(layout, failure_text(error), shown)
        raise SystemExit(1) from None
    except SystemExit as error:
        if isinstance(error.code, str):  # sys.exit("why"), which Python itself prints
            _report(layout, error.code)
        raise


def _report(layout: Layout, text: str, shown: str = "") -> None:
    """Write the failure file, unless the algorithm did; show ``shown`` on the standard error."""
    if layout.base.is_dir():  # on a desk without a tree there is nobody to read it
        try:
            write_failure(layout.failure, text)
        except OSError as error:
            print(f"cannot write {layout.failure}: {error.strerror}", file=sys.stderr)
    if shown:
        print(shown, file=sys.stderr, flush=True)
