"""How ``algorithm.main()`` hears SIGTERM: the handler records it, and the main thread acts."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

from sm_container.runtime.stop import Stop, StopTraining
from sm_container.runtime.supervision import SUPERVISED_VARIABLE, stopped_at

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_AGAIN_SECONDS = 0.1


def hear(stop: Stop) -> None:
    """Have SIGTERM request the stop, from now to the process's end.

    A handler that was there is called as well. In another thread than the main one, where Python
    installs no handler, SIGTERM keeps its action.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    before = signal.getsignal(signal.SIGTERM)

    def told(number: int, frame: FrameType | None) -> None:
        is_first = not stop.signal.is_set
        try:
            stop.request(signal.Signals(number), stopped_at(os.environ))
        finally:
            if is_first and callable(before):
                before(number, frame)

    def leave() -> None:
        if signal.getsignal(signal.SIGTERM) is told:
            signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)
            if SUPERVISED_VARIABLE in os.environ:
                os.setpgid(0, 0)

    signal.signal(signal.SIGTERM, told)
    _insist(stop)
    _let_children(stop, leave)


def _insist(stop: Stop) -> None:
    """Raise StopTraining again where it came in the middle of what Python ignores exceptions of.

    A ``__del__``, a callback of the garbage collector or of C, a hook of a fork: a thread waits
    until the main one is likely to be out of it.
    """
    show = sys.unraisablehook

    def tell_again() -> None:
        time.sleep(_AGAIN_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    def ignored(args: UnraisableHookArgs) -> None:
        if isinstance(args.exc_value, StopTraining):
            stop.was_lost()
            _thread.start_new_thread(tell_again, ())
        else:
            show(args)

    sys.unraisablehook = ignored


def _let_children(stop: Stop, leave: Callable[[], None]) -> None:
    """Have forked children ``leave`` the handling of SIGTERM, and lose none that comes early.

    Their parent can terminate them then. Under sm-train, which forwards the platform's signal to
    the program's process group, they leave that group as well: a worker that dies of the signal
    takes the step of its parent with it. They see the request, and their parent ends them.
    """
    of_thread = threading.local()

    def before() -> None:
        # Nothing is raised in hooks: it would be lost, and the mask with it.
        of_thread.section = stop.deferred()
        of_thread.section.__enter__()
        of_thread.mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    def after() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, of_thread.mask)
        of_thread.section.__exit__(None, None, None)

    def after_in_child() -> None:
        leave()
        after()

    os.register_at_fork(before=before, after_in_parent=after, after_in_child=after_in_child)
