"""One attempt at a job: fresh containers on fresh trees, from the trees to the containers' ends.

What happens once a job stands in :mod:`.training`. Source: developer guide, "How Amazon SageMaker
Runs Your Training Image".
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING

from sm_container.contract.inputs import InputMode
from sm_container.contract.layout import Layout
from sm_container.contract.outcome import read_failure
from sm_container.harness.credentials.choice import CredentialsKind
from sm_container.harness.credentials.served import ServedCredentials
from sm_container.harness.engines.engine import Exit
from sm_container.harness.job.interruptions import planned
from sm_container.harness.job.status import Phase
from sm_container.harness.job.traffic import ChannelTraffic, totals
from sm_container.harness.life.containers import Running, container_spec
from sm_container.harness.life.faults import PlatformFault
from sm_container.harness.life.ledger import Ledger
from sm_container.harness.life.limits import Limits
from sm_container.harness.life.observer import Observer
from sm_container.harness.life.prepare import Prepared
from sm_container.harness.life.stopping import StopCause
from sm_container.harness.life.tree import open_below, open_to_all, write_tree
from sm_container.harness.life.utilization import Sampling
from sm_container.harness.outputs.files import is_contained
from sm_container.harness.store.deletion import make_deletable
from sm_container.harness.store.folder import JobFolder

if TYPE_CHECKING:
    from sm_container.harness.job.attempts import Interruption
    from sm_container.harness.life.checkpoints import Checkpointing
    from sm_container.harness.life.feeding import Feeding

# The exit code by which engines say that they themselves have failed.
ENGINE_FAULT = 125
_TICK_SECONDS = 0.1


class Attempt:
    """The steps of one attempt, each called once and in this order. Leaving the ``with`` block ends
    what still runs; the trees stay until another attempt takes their place.

    ``number`` is 1 for the first. ``interruption`` is what befell its spot instances, None while
    they are left alone.
    """

    def __init__(
        self,
        prepared: Prepared,
        folder: JobFolder,
        ledger: Ledger,
        observer: Observer,
        limits: Limits,
    ) -> None:
        self.prepared = prepared
        self.folder = folder
        self.ledger = ledger
        self.observer = observer
        self.limits = limits
        self.number = len(ledger.record.attempts) + 1
        self.interruption: Interruption | None = None
        self.layouts = {host: Layout(folder.tree(host)) for host in prepared.hosts}
        self._cleanup = ExitStack()
        self._moved = ledger.record.traffic  # in the attempts before
        self._staged: list[ChannelTraffic] = []
        self._feeding: Feeding | None = None
        self._checkpointing: Checkpointing | None = None
        self._saving = ExitStack()
        self._running = Running(self._hear)
        self._sampling: Sampling | None = None

    def write_trees(self) -> None:
        """Make the hosts' trees anew: nothing outlives an instance on its disk."""
        for host, layout in self.layouts.items():
            self._delete_tree(host, layout)
            write_tree(
                layout,
                self.prepared.request,
                host,
                self.prepared.hosts,
                arn=self.ledger.record.arn,
                network_interface=self.prepared.network_interface,
                attempt=self.number,
            )

    def download(self) -> None:
        """Put the File channels in place, and have the others fed until the containers are gone.

        Raises:
            DownloadError: where data cannot be had.
            PlatformFault: where a feeder died.
            StoppedEarly: where the job must end meanwhile.
        """
        self.ledger.enter(Phase.DOWNLOADING)
        if self.prepared.plans:
            self._stage()
        if self.prepared.request.checkpoint is not None:
            self._restore()
        if self.prepared.options.user is not None:
            self._open_trees()
        self.limits.leave_if_due()
        if any(plan.mode is not InputMode.FILE for plan in self.prepared.plans):
            self._feed()

    def start(self) -> None:
        """Start every host's container. Raises EngineError, StoppedEarly."""
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
                self.limits.leave_if_due,
            )
        self._sample()
        self.ledger.enter(Phase.TRAINING)

    def watch(self, tick: Callable[[], None]) -> StopCause | None:
        """Wait for the containers' end; end them when the job must end or its instances are lost.
        ``tick`` is called again and again meanwhile.

        Returns why the job must end; None where its algorithm ended, or where ``interruption`` says
        that this attempt did.

        Raises:
            DownloadError: where a channel can be fed no more.
            PlatformFault: where the engine or a feeder, and not the algorithm, has failed.
        """
        cause: StopCause | None = None
        killed = False
        began = time.monotonic()
        with self.limits.training():
            while not self._running.wait(_TICK_SECONDS):
                self.folder.require()
                self._check_feeding()
                self._check_checkpoints()
                self._account_use()
                tick()
                if cause is None:
                    cause = self.limits.due()
                    if cause is not None:
                        self._stop()
                    elif self.interruption is None:
                        self._interrupt_if_due(time.monotonic() - began)
                elif self.limits.interrupts.wants_kill and not killed:
                    killed = True
                    self._running.kill()
        self._check_feeding()  # a feeder that dies looks like the end of the data
        for exit in self.exits.values():
            if exit.engine_error is not None and exit.code == ENGINE_FAULT:
                raise PlatformFault(exit.engine_error)
        return cause

    def save_checkpoints(self) -> None:
        """Bring over what the containers have left in their checkpoint folders, once they have
        ended. Raises ArtifactError, EngineError, and KeyboardInterrupt where that is ended."""
        self._saving.close()

    @property
    def exits(self) -> dict[str, Exit]:
        """How each host ended."""
        return self._running.exits()

    @property
    def memory_peaks(self) -> dict[str, int]:
        """The most memory in bytes that each host was seen to use, of those that were seen."""
        return {} if self._sampling is None else dict(self._sampling.peaks)

    def failure(self, host: str) -> str | None:
        """What a host's algorithm has written about its failure."""
        layout = self.layouts[host]
        return read_failure(layout.failure) if is_contained(layout.failure, layout.base) else None

    def close(self) -> None:
        """End and take away all that the attempt has started; safe to repeat.

        Raises:
            PlatformFault: where a feeder died at the very end, which looked like the end of data.
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

    def _delete_tree(self, host: str, layout: Layout) -> None:
        for folder in (layout.base, self.folder.checkpoints(host)):
            if folder.exists():
                self.prepared.engine.reclaim(folder, self.prepared.target)
                make_deletable(self.folder.host(host))
                shutil.rmtree(folder)

    def _stop(self) -> None:
        """Tell the containers that the job ends, unless an interruption has told them already."""
        self.ledger.enter(Phase.STOPPING)
        if self.interruption is None:
            self._running.stop(self.prepared.options.grace_seconds)

    def _interrupt_if_due(self, trained: float) -> None:
        """Take the instances away when their time has come. An algorithm that has ended in that
        very moment has ended by itself."""
        warned = self._due_interruption(trained)
        if warned is None or self._running.wait(0):
            return
        self.ledger.interrupt(warned=warned)
        self.interruption = self.ledger.record.attempts[-1].interruption
        if warned:
            self._running.stop(self.prepared.options.grace_seconds)
        else:
            if self._checkpointing is not None:
                self._checkpointing.abandon()
            self._running.kill()

    def _due_interruption(self, trained: float) -> bool | None:
        """Whether an interruption that is due comes with a warning; None where none is due."""
        request = self.folder.interrupt_request
        if request.exists():
            warned = request.stat().st_size == 0
            request.unlink()
            return warned
        plan = planned(self.prepared.options, self.number)
        return None if plan is None or trained < plan.seconds else plan.warned

    def _hear(self, host: str, data: bytes) -> None:
        """Pass on what a host has written, in whole lines, to all who listen to it."""
        self.observer.log(host, data)

    def _progress(self, what: str, done: int, total: int) -> None:
        self.limits.leave_if_due()
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
            self.limits.interrupts,
            self.observer.progress,
            self.ledger.record.checkpoints,
        )
        self._checkpointing.restore(self._progress)
        self._account_checkpoints(self._checkpointing)

    def _open_trees(self) -> None:
        """Let a user who is not root write where the algorithm may: all there is root's by now."""
        from sm_container.harness.life.checkpoints import checkpoint_place

        checkpoint = self.prepared.request.checkpoint
        for host, layout in self.layouts.items():
            open_to_all(layout)
            if checkpoint is not None:
                open_below(checkpoint_place(checkpoint, self.folder, host).folder.path)

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
        feeding.wait_until_ready(self.limits.leave_if_due)

    def _sample(self) -> None:
        self._sampling = Sampling(self.folder, self._running.containers)
        self._cleanup.enter_context(self._sampling)

    def _account_use(self) -> None:
        if self._sampling is not None:
            self._sampling.traffic = self._traffic()
            if self._sampling.fault is not None:
                self.ledger.note(self._sampling.fault)

    def _check_feeding(self) -> None:
        if self._feeding is not None:
            self._feeding.check()

    def _account(self, feeding: Feeding) -> None:
        self.ledger.note(*feeding.troubles())
        for host in self.layouts:
            self.ledger.note(*feeding.origins(host, self.failure(host) or ""))
        self.ledger.update(traffic=self._traffic())

    def _traffic(self) -> tuple[ChannelTraffic, ...]:
        fed = () if self._feeding is None else self._feeding.traffic()
        return totals((*self._moved, *self._staged, *self._bound(), *fed))

    def _bound(self) -> Iterator[ChannelTraffic]:
        """The channels that are a folder of this machine as it is: nothing of them is moved."""
        for plan in self.prepared.plans:
            folder = self.prepared.binds.get(plan.channel)
            if folder is not None:
                for host in self.prepared.hosts:
                    yield ChannelTraffic(
                        plan.channel, host, str(plan.mode), plan.size(host), folder=str(folder)
                    )

    def _serve_credentials(self) -> ServedCredentials:
        choice = self.prepared.credentials
        if choice.kind is CredentialsKind.NONE:
            return ServedCredentials()
        from sm_container.harness.credentials.serve import serve_credentials

        engine, target = self.prepared.engine, self.prepared.target
        engine.fetch(target, self.prepared.options.platform, self.limits.leave_if_due)
        return self._cleanup.enter_context(serve_credentials(choice, engine, target))
