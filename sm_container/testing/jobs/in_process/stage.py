"""The main thread, lent to the harness for a job: it trains there, while the harness has a thread.

Signals, and what an author's code expects of the thread that it runs in, are the main thread's.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue

from sm_container.harness.job.record import JobRecord
from sm_container.harness.life.launch import create_job
from sm_container.harness.life.observer import Observer
from sm_container.harness.life.prepare import Prepared
from sm_container.harness.life.stopping import Interrupts
from sm_container.harness.life.training import run_job

Call = Callable[[], None]


class Stage:
    """Where a thread has calls made by the thread that ``serve``s."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Call | None] = SimpleQueue()

    def submit(self, call: Call) -> None:
        """Have a call made, after those before it; returns at once."""
        self._calls.put(call)

    def close(self) -> None:
        """Have ``serve`` return."""
        self._calls.put(None)

    def serve(self) -> None:
        """Make the calls, one after the other, until the end. Raises what they raise."""
        while (call := self._calls.get()) is not None:
            call()


def run_on(stage: Stage, prepared: Prepared, observer: Observer) -> JobRecord:
    """Run a job to its end whose engine runs its container on ``stage``, in this, the main thread.

    Raises:
        JobExistsError: where the job's name is taken.
        KeyboardInterrupt: for Ctrl-C, which stops the job first.
    """
    assert threading.current_thread() is threading.main_thread()
    folder, ownership = create_job(prepared)
    interrupts = Interrupts()
    outcome: Future[JobRecord] = Future()

    def live() -> None:
        try:
            outcome.set_result(run_job(prepared, folder, observer, interrupts))
        except BaseException as defect:  # noqa: BLE001 - raised where the result is asked for
            outcome.set_exception(defect)
        finally:
            stage.close()

    with ownership:
        observer.record(folder.read())
        harness = threading.Thread(target=live, name=f"harness of {folder.name}")
        harness.start()
        while True:
            try:
                stage.serve()
                break
            except KeyboardInterrupt:
                interrupts.record(signal.SIGINT)
        harness.join()
    if interrupts.received:
        raise KeyboardInterrupt
    return outcome.result()
