"""One attempt at a job: fresh containers on fresh trees, from the trees to the containers' ends.

What happens once a job stands in :mod:`.training`. Source: developer guide, "How Amazon SageMaker
Runs Your Training Image".
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING

from sm_container.contract.inputs import InputMode
from sm_container.contract.layout import Layout
from sm_container.harness.credentials.choice import CredentialsKind
from sm_container.harness.credentials.served import ServedCredentials
from sm_container.harness.engines.engine import EngineError, Exit
from sm_container.harness.job.status import Phase
from sm_container.harness.job.traffic import ChannelTraffic
from sm_container.harness.life.containers import Running, container_spec
from sm_container.harness.life.faults import StoppedEarly
from sm_container.harness.life.ledger import Ledger
from sm_container.harness.life.observer import Observer
from sm_container.harness.life.prepare import Prepared
from sm_container.harness.life.stopping import Interrupts, StopCause, is_stop_requested
from sm_container.harness.life.tree import write_tree
from sm_container.harness.store.folder import JobFolder

if TYPE_CHECKING:
    from sm_container.harness.life.checkpoints import Checkpointing
    from sm_container.harness.life.feeding import Feeding

# The exit code by which engines say that they themselves have failed.
ENGINE_FAULT = 125


class Attempt:
    """The steps of one attempt, each called once and in this order. Leaving the ``with`` block ends
    what still runs; the trees stay."""

    def __init__(
        self,
        prepared: Prepared,
        folder: JobFolder,
        ledger: Ledger,
        observer: Observer,
        interrupts: Interrupts,
    ) -> None:
        self.prepared = prepared
        self.folder = folder
        self.ledger = ledger
        self.observer = observer
        self.interrupts = interrupts
        self.layouts = {host: Layout(folder.tree(host)) for host in prepared.hosts}
        self._cleanup = ExitStack()
        self._staged: list[ChannelTraffic] = []
        self._feeding: Feeding | None = None
        self._checkpointing: Checkpointing | None = None
        self._saving = ExitStack()
        self._running = Running(self._hear)

    def write_trees(self) -> None:
        for host, layout in self.layouts.items():
            write_tree(
                layout,
                self.prepared.request,
                host,
                self.prepared.hosts,
                arn=self.ledger.record.arn,
                network_interface=self.prepared.network_interface,
            )

    def download(self) -> None:
        """Put the File channels in place, and have the others fed until the containers are gone.

        Raises:
            DownloadError: where data cannot be had.
            StoppedEarly: where the job is to stop meanwhile.
        """
        self.ledger.enter(Phase.DOWNLOADING, training_started=time.time())
        if self.prepared.plans:
            self._stage()
        if self.prepared.request.checkpoint is not None:
            self._restore()
        self.leave_if_stopped()
        if any(plan.mode is not InputMode.FILE for plan in self.prepared.plans):
            self._feed()

    def start(self) -> None:
        """Start every host's container. Raises EngineError."""
        self.ledger.enter(Phase.IMAGE)
        credentials = self._serve_credentials()
        # What goes with a host's container enters the stack here: what is entered before `_running`
        # begins before the container's start and ends after the container is gone.
        self._keep_checkpoints()
        self._cleanup.enter_context(self._running)
        for host in self.prepared.hosts:
            self._running.start(
                host,
                self.prepared.engine,
                container_spec(
                    self.prepared, self.folder, host, self.ledger.record.arn, credentials
                ),
                self.folder.log(host),
            )
        self.ledger.enter(Phase.TRAINING)

    def watch(self) -> StopCause | None:
        """Wait for the containers' end; end them when the job is to stop.

        Raises:
            DownloadError: where a channel can be fed no more.
            EngineError: where the engine, and not the algorithm, has failed.
        """
        deadline = time.monotonic() + self.prepared.request.max_runtime
        cause: StopCause | None = None
        killed = False
        while not self._running.wait(0.1):
            self.folder.require()
            self._check_feeding()
            self._check_checkpoints()
            if cause is None:
                if is_stop_requested(self.folder, self.interrupts):
                    cause = StopCause.REQUEST
                elif time.monotonic() >= deadline:
                    cause = StopCause.MAX_RUNTIME
                if cause is not None:
                    self.ledger.enter(Phase.STOPPING)
                    self._running.stop(self.prepared.options.grace_seconds)
            elif self.interrupts.wants_kill and not killed:
                killed = True
                self._running.kill()
        self._check_feeding()  # a feeder that dies looks like the end of the data
        for exit in self.exits.values():
            if exit.engine_error is not None and exit.code == ENGINE_FAULT:
                raise EngineError(exit.engine_error)
        return cause

    def save_checkpoints(self) -> None:
        """Bring over what the containers have left in their checkpoint folders, once they have
        ended. Raises ArtifactError, EngineError, and KeyboardInterrupt where that is ended."""
        self._saving.close()

    @property
    def exits(self) -> dict[str, Exit]:
        """How each host ended."""
        return self._running.exits()

    def leave_if_stopped(self) -> None:
        """Raise StoppedEarly where the job is to stop."""
        if is_stop_requested(self.folder, self.interrupts):
            raise StoppedEarly

    def close(self) -> None:
        """End and take away all that the attempt has started; safe to repeat.

        Raises:
            DownloadError: where a feeder died at the very end, which looked like the end of data.
        """
        self._cleanup.close()

    def __enter__(self) -> Attempt:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._cleanup.__exit__(kind, fault, trace)

    def _hear(self, host: str, data: bytes) -> None:
        """Pass on what a host has written, in whole lines, to all who listen to it."""
        self.observer.log(host, data)

    def _progress(self, what: str, done: int, total: int) -> None:
        self.leave_if_stopped()
        self.observer.progress(what, done, total)

    def _stage(self) -> None:
        from sm_container.harness.life.staging import stage

        for host, layout in self.layouts.items():
            staged = stage(self.prepared, host, layout, self._progress)
            self._staged += staged.traffic
            self.ledger.note(*staged.notes)
        self.ledger.update(traffic=self._traffic())

    def _restore(self) -> None:
        from sm_container.harness.life.checkpoints import Checkpointing

        self._checkpointing = Checkpointing(
            self.prepared,
            self.folder,
            self.interrupts,
            self.observer.progress,
            self.ledger.record.checkpoints,
        )
        self._checkpointing.restore(self._progress)
        self._account_checkpoints(self._checkpointing)

    def _keep_checkpoints(self) -> None:
        """Have what is written to the checkpoint folders kept, until `save_checkpoints` or the
        end."""
        if self._checkpointing is not None:
            self._cleanup.enter_context(self._saving)
            self._saving.callback(self._account_checkpoints, self._checkpointing)
            self._saving.enter_context(self._checkpointing)

    def _check_checkpoints(self) -> None:
        if self._checkpointing is not None:
            self._checkpointing.check()
            self.ledger.note(*self._checkpointing.notes)

    def _account_checkpoints(self, checkpointing: Checkpointing) -> None:
        self.ledger.note(*checkpointing.notes)
        self.ledger.update(checkpoints=checkpointing.traffic)

    def _feed(self) -> None:
        from sm_container.harness.life.feeding import Feeding

        feeding = Feeding.start(self.prepared, self.folder, self.layouts)
        self._feeding = feeding
        self._cleanup.callback(self._account, feeding)
        self._cleanup.enter_context(feeding)
        feeding.wait_until_ready(self.leave_if_stopped)

    def _check_feeding(self) -> None:
        if self._feeding is not None:
            self._feeding.check()

    def _account(self, feeding: Feeding) -> None:
        self.ledger.note(*feeding.troubles())
        self.ledger.update(traffic=self._traffic())

    def _traffic(self) -> tuple[ChannelTraffic, ...]:
        fed = () if self._feeding is None else self._feeding.traffic()
        return (*self._staged, *fed)

    def _serve_credentials(self) -> ServedCredentials:
        choice = self.prepared.credentials
        if choice.kind is CredentialsKind.NONE:
            return ServedCredentials()
        from sm_container.harness.credentials.serve import serve_credentials

        engine, target = self.prepared.engine, self.prepared.target
        engine.fetch(target, self.prepared.options.platform)
        return self._cleanup.enter_context(serve_credentials(choice, engine, target))
