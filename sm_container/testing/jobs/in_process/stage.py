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
    """Where a thread has calls made by the thread that ``serve``s. ``interrupts`` are how that one
    tells the job that it has to end."""

    def __init__(self) -> None:
        self.interrupts = Interrupts()
        self._calls: SimpleQueue[Call | None] = SimpleQueue()
        self._raised: BaseException | None = None

    def submit(self, call: Call) -> None:
        """Have a call made, after those before it; returns at once."""
        self._calls.put(call)

    def close(self) -> None:
        """Have ``serve`` return."""
        self._calls.put(None)

    def serve(self) -> None:
        """Make the calls, one after the other, until the end.

        Raises:
            BaseException: in the end the first that a call has noted, or that came in between: for
                Ctrl-C, a test's timeout.
        """
        is_open = True
        while is_open:
            try:
                call = self._calls.get()
                is_open = call is not None
                if call is not None:
                    call()
            except BaseException as raised:  # noqa: BLE001 - raised again when the job has ended
                self.note(raised)
        if self._raised is not None:
            raise self._raised

    def note(self, raised: BaseException) -> None:
        """Have the job stopped, and ``serve`` raise this in the end, if it is the first."""
        self._raised = self._raised or raised
        self.interrupts.received.append(signal.SIGINT)


def run_on(stage: Stage, prepared: Prepared, observer: Observer) -> JobRecord:
    """Run a job to its end whose engine runs its container on ``stage``, in this, the main thread.

    Raises:
        JobExistsError: where the job's name is taken.
        BaseException: Ctrl-C, a test's timeout and whatever else is raised in this thread and would
            end no program. The job is stopped first.
    """
    assert threading.current_thread() is threading.main_thread()
    folder, ownership = create_job(prepared)
    outcome: Future[JobRecord] = Future()

    def live() -> None:
        try:
            outcome.set_result(run_job(prepared, folder, observer, stage.interrupts))
        except BaseException as defect:  # noqa: BLE001 - raised where the result is asked for
            outcome.set_exception(defect)
        finally:
            stage.close()

    with ownership:
        observer.record(folder.read())
        harness = threading.Thread(target=live, name=f"harness of {folder.name}")
        harness.start()
        try:
            stage.serve()
        finally:
            harness.join()
    return outcome.result()
