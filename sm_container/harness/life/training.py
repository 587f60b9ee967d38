"""A job from Starting to its end: what happens once, around the attempts at it.

Source: developer guide, "How Amazon SageMaker Runs Your Training Image"; DescribeTrainingJob,
SecondaryStatus.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from sm_container.contract.inputs import InputMode
from sm_container.contract.layout import Layout
from sm_container.harness.engines.engine import EngineError
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import Phase
from sm_container.harness.life.attempt import Attempt
from sm_container.harness.life.faults import (
    FORESEEN,
    PlatformFault,
    StoppedEarly,
    reason_of_exit,
    reason_of_fault,
)
from sm_container.harness.life.ledger import Ledger
from sm_container.harness.life.limits import Limits
from sm_container.harness.life.metrics import JobMetrics
from sm_container.harness.life.observer import Observer
from sm_container.harness.life.prepare import Prepared
from sm_container.harness.life.stopping import Interrupts, StopCause
from sm_container.harness.outputs.artifacts import Destination, save_artifacts
from sm_container.harness.sizes import memory
from sm_container.harness.store.folder import JobFolder, JobLostError

_TICK_SECONDS = 0.1


def run_job(
    prepared: Prepared, folder: JobFolder, observer: Observer, interrupts: Interrupts
) -> JobRecord:
    """Run a job whose folder this process owns; returns its final record.

    Whatever goes wrong ends up in the record: a fault of the request's data, the engine or the
    output as a FailureReason, a defect of this program too, which is then raised.

    Raises:
        JobLostError: where the job's folder is deleted meanwhile; its containers are ended.
    """
    job = _Job(prepared, folder, observer, interrupts)
    try:
        job.live()
    except JobLostError:
        raise  # there is no place left to record anything in
    except KeyboardInterrupt:
        job.leave_artifacts()
    except FORESEEN as fault:
        job.fail(fault)
    except BaseException as defect:
        if isinstance(defect, Exception):
            job.fail(defect)
        raise
    return job.ledger.record


class _Job:
    """The steps that a job takes once, whatever number of attempts it takes."""

    def __init__(
        self, prepared: Prepared, folder: JobFolder, observer: Observer, interrupts: Interrupts
    ) -> None:
        self.prepared = prepared
        self.request = prepared.request
        self.folder = folder
        self.observer = observer
        self.interrupts = interrupts
        self.ledger = Ledger(folder, observer)
        self.limits = Limits(prepared.request, folder, interrupts)
        self.retries_left = prepared.request.retry_attempts
        self.metrics = JobMetrics(prepared, folder, self.ledger, interrupts)
        self.destination = Destination(
            prepared.request.output.uri,
            prepared.request.name,
            compressed=prepared.request.output.compression == "GZIP",
        )

    def live(self) -> None:
        """Make one attempt after the other, until one is not interrupted."""
        try:
            is_last = False
            while not is_last:
                is_last = self._attempt()
        except StoppedEarly as stop:
            self._stop_without_containers(stop.cause)
        finally:
            self.metrics.settle()

    def fail(self, fault: Exception) -> None:
        """Record a failure on this side of the container."""
        self.ledger.enter(
            Phase.FAILED,
            failure_reason=reason_of_fault(fault),
            fault=str(fault),
            training_ended=self._now_if_started(),
        )

    def leave_artifacts(self) -> None:
        """Record that a second Ctrl-C ended the saving of artifacts, and with it the job."""
        self.ledger.enter(
            Phase.STOPPED,
            fault="its artifacts were not saved: that was interrupted",
            training_ended=self._now_if_started(),
        )

    def _attempt(self) -> bool:
        """Make an attempt, and all that follows it; whether it was the last.

        Raises:
            StoppedEarly: where the job must end while no container runs.
        """
        try:
            with Attempt(
                self.prepared, self.folder, self.ledger, self.observer, self.limits
            ) as attempt:
                self._prepare(attempt)
                attempt.download()
                self.metrics.start()
                attempt.start()
                cause = attempt.watch(self.metrics.report)
                if cause is not None or attempt.interruption is None:
                    self._upload(attempt)
                    self._end(attempt, cause)
                    return True
                # How it ended is of no consequence: but for checkpoints, what it left is lost.
                attempt.save_checkpoints()
                self.ledger.enter(Phase.INTERRUPTED, exit_code=_first_code(attempt))
        except PlatformFault as fault:
            if not self._may_retry():
                raise
            self._retry(fault)
        else:
            self._await_capacity()
            self.ledger.enter(Phase.LAUNCHING)
        return False

    def _may_retry(self) -> bool:
        return self.retries_left > 0 and Phase.REPLACING.may_follow(self.ledger.record.phase)

    def _retry(self, fault: PlatformFault) -> None:
        self.retries_left -= 1
        number = len(self.ledger.record.attempts)
        self.ledger.note(
            f"attempt {number} ended by a fault of the platform, and was tried again: {fault}"
        )
        self.ledger.enter(Phase.REPLACING)

    def _await_capacity(self) -> None:
        """Let the time pass until spot instances can be had again."""
        deadline = time.monotonic() + self.prepared.options.spot_wait_seconds
        self.limits.leave_if_due()
        while time.monotonic() < deadline:
            time.sleep(_TICK_SECONDS)
            self.folder.require()
            self.limits.leave_if_due()

    def _prepare(self, attempt: Attempt) -> None:
        self.ledger.enter(Phase.PREPARING, engine=self.prepared.engine.name)
        self.ledger.note(*self.prepared.notes)
        attempt.write_trees()
        if attempt.number == 1:
            self._probe(attempt.layouts[self.prepared.hosts[0]])
        self.limits.leave_if_due()

    def _probe(self, layout: Layout) -> None:
        """Find out what the engine can do with a tree, before anything is put there."""
        probe = self.prepared.engine.probe(
            layout.base,
            self.prepared.target,
            job=self.request.name,
            platform=self.prepared.options.platform,
            leave=self.limits.leave_if_due,
        )
        self.ledger.note(*probe.notes)
        piped = [plan.channel for plan in self.prepared.plans if plan.mode is InputMode.PIPE]
        if piped and not probe.fifos:
            raise EngineError(
                f"channel {piped[0]!r} cannot be fed in Pipe mode: a FIFO does not connect this "
                f"machine and the containers of {self.prepared.engine.name}, which run in a "
                "virtual machine; use File mode, or an engine of this machine"
            )

    def _upload(self, attempt: Attempt) -> None:
        """Save what the hosts of the last attempt have left."""
        self.ledger.enter(Phase.UPLOADING, exit_code=_first_code(attempt))
        layouts = list(attempt.layouts.values())
        attempt.save_checkpoints()
        with self.interrupts.raising():
            for layout in layouts:
                self.prepared.engine.reclaim(layout.base, self.prepared.target)
            notes = save_artifacts(
                layouts,
                self.destination,
                self.prepared.store_of,
                self.folder.artifacts,
                self.observer.progress,
            )
        self.ledger.note(*notes)

    def _end(self, attempt: Attempt, cause: StopCause | None) -> None:
        exits = attempt.exits
        self.ledger.note(*self._out_of_memory(attempt))
        reasons = [reason_of_exit(exit, attempt.failure(host)) for host, exit in exits.items()]
        failure = next((reason for reason in reasons if reason is not None), None)
        phase = Phase.COMPLETED if failure is None else Phase.FAILED
        if cause is not None:
            # How a container ends after it was told to stop is of no consequence.
            phase, failure = cause.phase, None
        attempt.close()  # nothing is left behind by a process that dies after the job's end
        self.metrics.settle()
        self.ledger.enter(
            phase,
            failure_reason=failure,
            model_artifacts=self.destination.model,
            training_ended=time.time(),
        )

    def _out_of_memory(self, attempt: Attempt) -> Iterator[str]:
        """What the reason for an end out of memory has no words for."""
        limit = self.prepared.capacity.memory_bytes
        for host, exit in attempt.exits.items():
            if exit.out_of_memory and exit.engine_error is not None and limit is not None:
                yield f"{host} cannot be started in {memory(limit)}: {exit.engine_error}"
            elif exit.out_of_memory:
                had = "this machine has" if limit is None else f"its limit allows: {memory(limit)}"
                peak = attempt.memory_peaks.get(host)
                seen = "" if peak is None else f"; the most that was seen before is {memory(peak)}"
                yield (
                    f"{host} was ended by the kernel when it had taken all the memory that {had}"
                    f"{seen}"
                )
                failure = attempt.failure(host)
                if failure:
                    yield f"the failure file of {host} says: {failure}"

    def _stop_without_containers(self, cause: StopCause) -> None:
        self.ledger.enter(Phase.STOPPING)
        self.metrics.settle()
        self.ledger.enter(cause.phase, training_ended=self._now_if_started())

    def _now_if_started(self) -> float | None:
        return None if self.ledger.record.training_started is None else time.time()


def _first_code(attempt: Attempt) -> int:
    return next(iter(attempt.exits.values())).code
