"""``sm-train``: starts the program, forwards signals to it, reaps, and ends as it ended.

Works as PID 1 and as any other process. Signals are never handled asynchronously here: they are
blocked from the first statement on and taken one by one with ``sigwaitinfo``, so none is lost
and none interrupts anything. A blocked signal is kept for PID 1 too, whereas the kernel drops
one that has its default action there: until ``main`` runs (the interpreter's own start, some
15 ms) a SIGTERM sent to PID 1 is gone. No program can close that window.

After SIGTERM the platform gives 120 seconds and then kills. What outlasts nearly all of them is
killed here, so that the rest is enough to end what else there is, and to say so.

The forked child prepares (``launch``) and then becomes the program by ``execve``. A signal during
preparation thus ends it like any program, and what preparation imports costs the supervisor
nothing.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence

TYPE_CHECKING = False  # typing itself would be the dearest import before the program runs

if TYPE_CHECKING:
    from typing import NoReturn

    from sm_container.runtime.tee import Tee

FORWARDED = frozenset(
    {
        signal.SIGTERM,
        signal.SIGINT,
        signal.SIGHUP,
        signal.SIGQUIT,
        signal.SIGUSR1,
        signal.SIGUSR2,
    }
)
# SIGKILL is the supervisor's own, for what outlasts the grace.
STOPPING = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGKILL})
_WATCHED = FORWARDED | {signal.SIGCHLD}
_REPORT_LIMIT = 65536


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program that ``argv`` (else ``sys.argv[1:]``) and the image name.

    Returns its exit code, 128 + n where signal n ended it. Forks, so call it from a process
    without threads.
    """
    entry_mask = signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    # Where it is ignored the kernel reaps by itself, and no exit code ever comes through.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    arguments = list(sys.argv[1:] if argv is None else argv)
    _open_standard_streams()
    from sm_container.runtime import leftovers, supervision
    from sm_container.runtime.tee import Tee

    spared = leftovers.descendants()
    tee = None if os.isatty(2) else Tee()
    gate, open_gate = os.pipe()
    report, send_report = os.pipe()
    note = supervision.open_note()
    told = supervision.variables(os.getpid(), note)
    child = os.fork()
    if child == 0:
        os.close(open_gate)
        _become_program(arguments, entry_mask, tee, gate, send_report, told)
    os.close(gate)
    os.close(send_report)
    if tee is not None:
        tee.start()
    leftovers.adopt_orphans()
    os.write(open_gate, b"\n")  # the child runs nothing before this
    os.close(open_gate)

    from sm_container.contract.platform import stop_seconds  # late: while the child prepares

    grace = stop_seconds(os.environ)
    returncode, sent = _wait(
        child, leftovers.stopped_seconds(grace), lambda at: supervision.write_note(note, at)
    )
    stops = {number: when for number, when in sent.items() if number in STOPPING}
    stopped_at = stops.get(signal.SIGTERM, min(stops.values(), default=None))
    leftovers.end(spared, child, stopped_at, grace)
    if tee is not None:
        tee.finish(give_up=_told_to_stop)
    status = returncode if returncode >= 0 else 128 - returncode
    if status != 0 and status - 128 not in stops:  # told to stop it has not failed
        _record_failure(returncode, report, b"" if tee is None else tee.tail())
    return status


def _open_standard_streams() -> None:
    """Give descriptors 0 to 2 to /dev/null where they are closed: a pipe of ours must not."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def _become_program(
    arguments: list[str],
    entry_mask: set[int | signal.Signals],
    tee: Tee | None,
    gate: int,
    send_report: int,
    told: dict[str, str],
) -> NoReturn:
    """The forked child's whole life until ``execve``; never returns to the caller's frames."""
    status = 1
    try:
        os.setsid()
        # Python's own settings, which a program must not inherit.
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, entry_mask - _WATCHED)
        if tee is not None:
            tee.become_stderr()
        import gc

        gc.disable()  # imports make no garbage worth a collection, and execve ends all of it
        from sm_container.runtime import launch

        status = launch.run(arguments, gate, send_report, told)
    except BaseException:  # noqa: BLE001  (a defect of ours: shown, and never the caller's)
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)


def _wait(
    child: int, stopped_seconds: float, note_stop: Callable[[float], object]
) -> tuple[int, dict[int, float]]:
    """Forward signals and reap until the child has ended; kill it ``stopped_seconds`` after TERM.

    ``note_stop`` is told when SIGTERM came. Returns the child's return code, negative for a
    signal as ``Popen.returncode``, and each signal that came, or was sent, with the time
    (``time.monotonic``) of the first of its kind.
    """
    sent: dict[int, float] = {}
    deadline: float | None = None
    while True:
        number = _next_signal(deadline)
        now = time.monotonic()
        is_first = number in FORWARDED and sent.setdefault(number, now) == now
        returncode = _reap(child)
        if returncode is not None:
            return returncode, sent
        if number == signal.SIGTERM and is_first:
            deadline = now + stopped_seconds
            note_stop(now)
        if number in FORWARDED:
            _forward(child, number)
        if number == signal.SIGKILL:
            deadline = None
            sent[number] = now
            _forward(child, number)
            text = f"still ran {stopped_seconds:g} s after SIGTERM, and was ended by SIGKILL"
            print(f"sm-train: the program {text}", file=sys.stderr)


def _next_signal(deadline: float | None) -> int:
    """The next signal that comes, SIGCHLD where none does, SIGKILL from the deadline on.

    At the deadline a SIGCHLD may have been taken and be gone: look for ended children.
    """
    if deadline is None:
        return signal.sigwaitinfo(_WATCHED).si_signo
    came = signal.sigtimedwait(_WATCHED, max(0.0, deadline - time.monotonic()))
    # Interrupted until after its end (this process was stopped, its machine suspended), CPython
    # gives back a number that was never written. Source: sigtimedwait_impl in signalmodule.c.
    if time.monotonic() >= deadline:
        return signal.SIGKILL
    return signal.SIGCHLD if came is None else came.si_signo


def _reap(child: int) -> int | None:
    """Collect every process that has ended; the child's return code if it is among them."""
    returncode = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return returncode
        if pid == 0:
            return returncode
        if pid == child:
            returncode = os.waitstatus_to_exitcode(status)


def _forward(child: int, number: int) -> None:
    """Send a signal to the program's whole process group."""
    try:
        os.killpg(child, number)
    except ProcessLookupError:
        # Not yet a group of its own; it stays pending until the child unblocks signals.
        os.kill(child, number)


def _told_to_stop() -> bool:
    """Whether a stop came after the program's end and waits to be taken."""
    return not STOPPING.isdisjoint(signal.sigpending())


def _record_failure(returncode: int, report: int, tail: bytes) -> None:
    """Write the failure file; whatever prevents it, the program's exit code comes through."""
    try:
        from sm_container.runtime import postmortem  # late: only a failure needs it

        postmortem.record(returncode, _read_report(report), tail)
    except Exception:  # noqa: BLE001  (a defect of ours, or a program that broke its own Python)
        sys.excepthook(*sys.exc_info())


def _read_report(report: int) -> bytes:
    os.set_blocking(report, False)
    try:
        return os.read(report, _REPORT_LIMIT)
    except BlockingIOError:
        return b""


if __name__ == "__main__":
    sys.exit(main())
