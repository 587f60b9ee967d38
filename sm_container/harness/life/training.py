"""A job from Starting to its end: the phases in their order, each doing one step of the service's.

Source: developer guide, "How Amazon SageMaker Runs Your Training Image"; DescribeTrainingJob,
SecondaryStatus.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from sm_container.contract.inputs import InputMode
from sm_container.contract.layout import Layout
from sm_container.contract.outcome import read_failure
from sm_container.harness.credentials.choice import CredentialsKind
from sm_container.harness.credentials.served import ServedCredentials
from sm_container.harness.engines.engine import EngineError, Exit
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import Phase
from sm_container.harness.job.traffic import ChannelTraffic
from sm_container.harness.life.containers import Running, container_spec
from sm_container.harness.life.faults import (
    FORESEEN,
    StoppedEarly,
    reason_of_exit,
    reason_of_fault,
)
from sm_container.harness.life.ledger import Ledger
from sm_container.harness.life.observer import Observer
from sm_container.harness.life.prepare import Prepared
from sm_container.harness.life.stopping import Interrupts, StopCause, is_stop_requested
from sm_container.harness.life.tree import write_tree
from sm_container.harness.metrics import final_metrics
from sm_container.harness.outputs.artifacts import Destination, save_artifacts
from sm_container.harness.outputs.files import is_contained
from sm_container.harness.sizes import memory
from sm_container.harness.store.folder import JobFolder, JobLostError

if TYPE_CHECKING:
    from sm_container.harness.life.feeding import Feeding

# The exit code by which engines say that they themselves have failed.
ENGINE_FAULT = 125


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
    """The steps of one job's life, and what they hand on to one another."""

    def __init__(
        self, prepared: Prepared, folder: JobFolder, observer: Observer, interrupts: Interrupts
    ) -> None:
        self.prepared = prepared
        self.request = prepared.request
        self.folder = folder
        self.observer = observer
        self.interrupts = interrupts
        self.ledger = Ledger(folder, observer)
        self.staged: list[ChannelTraffic] = []
        self.feeding: Feeding | None = None
        self.layouts = {host: Layout(folder.tree(host)) for host in prepared.hosts}
        self.destination = Destination(
            prepared.request.output.uri,
            prepared.request.name,
            compressed=prepared.request.output.compression == "GZIP",
        )

    def live(self) -> None:
        with ExitStack() as cleanup:
            try:
                self._prepare()
                self._download()
                self._feed(cleanup)
            except StoppedEarly:
                self._stop_before_start()
                return
            running = self._start(cleanup)
            cause = self._watch(running)
            exits = running.exits()
            self._upload(exits)
            self._end(exits, cause, cleanup)

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

    def _prepare(self) -> None:
        self.ledger.enter(Phase.PREPARING, engine=self.prepared.engine.name)
        self.ledger.note(*self.prepared.notes)
        for host, layout in self.layouts.items():
            write_tree(
                layout,
                self.request,
                host,
                self.prepared.hosts,
                arn=self.ledger.record.arn,
                network_interface=self.prepared.network_interface,
            )
        probed = self.layouts[self.prepared.hosts[0]].base
        probe = self.prepared.engine.probe(
            probed,
            self.prepared.target,
            job=self.request.name,
            platform=self.prepared.options.platform,
        )
        self.ledger.note(*probe.notes)
        piped = [plan.channel for plan in self.prepared.plans if plan.mode is InputMode.PIPE]
        if piped and not probe.fifos:
            raise EngineError(
                f"channel {piped[0]!r} cannot be fed in Pipe mode: a FIFO does not connect this "
                f"machine and the containers of {self.prepared.engine.name}, which run in a "
                "virtual machine; use File mode, or an engine of this machine"
            )
        self._leave_if_stopped()

    def _download(self) -> None:
        self.ledger.enter(Phase.DOWNLOADING, training_started=time.time())
        if self.prepared.plans:
            self._stage()
        self._leave_if_stopped()

    def _stage(self) -> None:
        from sm_container.harness.life.staging import stage

        def progress(channel: str, done: int, total: int) -> None:
            self._leave_if_stopped()
            self.observer.progress(channel, done, total)

        for host, layout in self.layouts.items():
            staged = stage(self.prepared, host, layout, progress)
            self.staged += staged.traffic
            self.ledger.note(*staged.notes)
        self.ledger.update(traffic=self._traffic())

    def _feed(self, cleanup: ExitStack) -> None:
        """Have the channels of the other modes fed until the containers are gone."""
        if all(plan.mode is InputMode.FILE for plan in self.prepared.plans):
            return
        from sm_container.harness.life.feeding import Feeding

        feeding = Feeding.start(self.prepared, self.folder, self.layouts)
        self.feeding = feeding
        cleanup.callback(self._account)
        cleanup.enter_context(feeding)
        feeding.wait_until_ready(self._leave_if_stopped)

    def _account(self) -> None:
        assert self.feeding is not None
        self.ledger.note(*self.feeding.troubles())
        for host in self.layouts:
            self.ledger.note(*self.feeding.origins(host, self._failure(host) or ""))
        self.ledger.update(traffic=self._traffic())

    def _traffic(self) -> tuple[ChannelTraffic, ...]:
        fed = () if self.feeding is None else self.feeding.traffic()
        return (*self.staged, *self._bound(), *fed)

    def _bound(self) -> Iterator[ChannelTraffic]:
        """The channels that are a folder of this machine as it is: nothing of them is moved."""
        for plan in self.prepared.plans:
            folder = self.prepared.binds.get(plan.channel)
            if folder is not None:
                for host in self.prepared.hosts:
                    yield ChannelTraffic(
                        plan.channel, host, str(plan.mode), plan.size(host), folder=str(folder)
                    )

    def _start(self, cleanup: ExitStack) -> Running:
        self.ledger.enter(Phase.IMAGE)
        credentials = self._serve_credentials(cleanup)
        running = cleanup.enter_context(Running(self.observer.log))
        for host in self.prepared.hosts:
            running.start(
                host,
                self.prepared.engine,
                container_spec(
                    self.prepared, self.folder, host, self.ledger.record.arn, credentials
                ),
                self.folder.log(host),
            )
        self.ledger.enter(Phase.TRAINING)
        return running

    def _serve_credentials(self, cleanup: ExitStack) -> ServedCredentials:
        choice = self.prepared.credentials
        if choice.kind is CredentialsKind.NONE:
            return ServedCredentials()
        from sm_container.harness.credentials.serve import serve_credentials

        engine, target = self.prepared.engine, self.prepared.target
        engine.fetch(target, self.prepared.options.platform)
        return cleanup.enter_context(serve_credentials(choice, engine, target))

    def _watch(self, running: Running) -> StopCause | None:
        """Wait for the containers' end; end them when the job is to stop."""
        deadline = time.monotonic() + self.request.max_runtime
        cause: StopCause | None = None
        killed = False
        while not running.wait(0.1):
            self.folder.require()
            if self.feeding is not None:
                self.feeding.check()
            if cause is None:
                if is_stop_requested(self.folder, self.interrupts):
                    cause = StopCause.REQUEST
                elif time.monotonic() >= deadline:
                    cause = StopCause.MAX_RUNTIME
                if cause is not None:
                    self.ledger.enter(Phase.STOPPING)
                    running.stop(self.prepared.options.grace_seconds)
            elif self.interrupts.wants_kill and not killed:
                killed = True
                running.kill()
        if self.feeding is not None:
            self.feeding.check()  # a feeder that dies looks like the end of the data
        return cause

    def _upload(self, exits: dict[str, Exit]) -> None:
        for exit in exits.values():
            if exit.engine_error is not None and exit.code == ENGINE_FAULT:
                raise EngineError(exit.engine_error)
        self.ledger.enter(Phase.UPLOADING, exit_code=next(iter(exits.values())).code)
        with self.interrupts.raising():
            for layout in self.layouts.values():
                self.prepared.engine.reclaim(layout.base, self.prepared.target)
            notes = save_artifacts(
                list(self.layouts.values()),
                self.destination,
                self.prepared.store_of,
                self.folder.artifacts,
                self.observer.progress,
            )
        self.ledger.note(*notes)

    def _end(self, exits: dict[str, Exit], cause: StopCause | None, cleanup: ExitStack) -> None:
        metrics, notes = final_metrics(
            self.request.metric_definitions, [self.folder.log(host) for host in exits]
        )
        self.ledger.note(*notes, *self._out_of_memory(exits))
        reasons = [reason_of_exit(exit, self._failure(host)) for host, exit in exits.items()]
        failure = next((reason for reason in reasons if reason is not None), None)
        phase = Phase.COMPLETED if failure is None else Phase.FAILED
        if cause is not None:
            # How a container ends after it was told to stop is of no consequence.
            phase = Phase.STOPPED if cause is StopCause.REQUEST else Phase.MAX_RUNTIME_EXCEEDED
            failure = None
        cleanup.close()  # nothing is left behind by a process that dies after the job's end
        self.ledger.enter(
            phase,
            failure_reason=failure,
            final_metrics=metrics,
            model_artifacts=self.destination.model,
            training_ended=time.time(),
        )

    def _out_of_memory(self, exits: dict[str, Exit]) -> Iterator[str]:
        """What the reason for an end out of memory has no words for."""
        limit = self.prepared.memory_bytes
        for host, exit in exits.items():
            if exit.out_of_memory:
                had = "this machine has" if limit is None else f"its limit allows: {memory(limit)}"
                yield f"{host} was ended by the kernel when it had taken all the memory that {had}"

    def _failure(self, host: str) -> str | None:
        layout = self.layouts[host]
        if not is_contained(layout.failure, layout.base):
            return None
        return read_failure(layout.failure)

    def _leave_if_stopped(self) -> None:
        if is_stop_requested(self.folder, self.interrupts):
            raise StoppedEarly

    def _stop_before_start(self) -> None:
        self.ledger.enter(Phase.STOPPING)
        self.ledger.enter(Phase.STOPPED, training_ended=self._now_if_started())

    def _now_if_started(self) -> float | None:
        return None if self.ledger.record.training_started is None else time.time()
