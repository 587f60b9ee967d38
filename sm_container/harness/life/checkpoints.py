"""The checkpoints of a job's hosts in one attempt: restored, kept in S3 while they are written."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from types import TracebackType

from sm_container.contract.layout import Layout
from sm_container.harness.checkpoints.place import Place, place_of
from sm_container.harness.checkpoints.prefix import Prefix
from sm_container.harness.checkpoints.restore import WHAT
from sm_container.harness.checkpoints.sync import CheckpointSync
from sm_container.harness.inputs.meter import StageProgress
from sm_container.harness.job.traffic import CheckpointTraffic
from sm_container.harness.life.faults import DownloadError
from sm_container.harness.life.prepare import Prepared
from sm_container.harness.life.stopping import Interrupts
from sm_container.harness.request.training_request import CheckpointRequest
from sm_container.harness.store.folder import JobFolder
from sm_container.storage.errors import StorageError


def checkpoint_place(request: CheckpointRequest, folder: JobFolder, host: str) -> Place:
    """Where a host's LocalPath is: in its tree, or a folder of its own beside it."""
    return place_of(request.local_path, folder.tree(host), folder.checkpoints(host))


class Checkpointing:
    """The syncs of all hosts. The ``with`` block is entered before the containers start, and left
    when they have ended: then what they have left is brought over."""

    def __init__(
        self,
        prepared: Prepared,
        folder: JobFolder,
        interrupts: Interrupts,
        progress: StageProgress,
        before: Iterable[CheckpointTraffic] = (),
    ) -> None:
        """``before`` is what earlier attempts moved. Raises DownloadError."""
        request = prepared.request.checkpoint
        assert request is not None
        self._prepared = prepared
        self._folder = folder
        self._interrupts = interrupts
        self._before = {each.host: each for each in before}
        self._places = {host: checkpoint_place(request, folder, host) for host in prepared.hosts}
        try:
            prefix = Prefix(request.uri, prepared.store_of)
        except StorageError as fault:
            raise DownloadError(str(fault)) from fault
        self._syncs = {
            host: CheckpointSync(host, place.folder, prefix, progress=progress)
            for host, place in self._places.items()
        }
        self._stack = ExitStack()

    def restore(self, progress: StageProgress) -> None:
        """Fill every host's folder with what is in S3, and list it as the platform does.

        Raises:
            DownloadError: where something cannot be had, or put in place.
        """
        # A channel of that name has a manifest of its own.
        is_listed = all(plan.channel != WHAT for plan in self._prepared.plans)
        for host, sync in self._syncs.items():
            layout = Layout(self._folder.tree(host))
            try:
                sync.restore(progress)
                layout.create()  # LocalPath may be one of its folders, or hold some
                if is_listed:
                    sync.manifest.write(layout.channel_manifest(WHAT))
            except (StorageError, OSError) as fault:
                raise DownloadError(str(fault)) from fault

    def check(self) -> None:
        """Raise a defect of this program that has ended a sync."""
        for sync in self._syncs.values():
            sync.check()

    def abandon(self) -> None:
        """The instances are lost without a warning: S3 keeps what it has, and gets no more."""
        for sync in self._syncs.values():
            sync.abandon()

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know so far."""
        return tuple(note for sync in self._syncs.values() for note in sync.notes)

    @property
    def traffic(self) -> tuple[CheckpointTraffic, ...]:
        """What was moved so far, with what earlier attempts moved."""
        return tuple(
            sync.traffic + self._before.get(host, CheckpointTraffic(host))
            for host, sync in self._syncs.items()
        )

    def __enter__(self) -> Checkpointing:
        for sync in self._syncs.values():
            self._stack.enter_context(sync)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Raises ArtifactError or EngineError where something cannot be brought over, and
        KeyboardInterrupt where that is ended."""
        with self._interrupts.raising():
            if kind is not None:
                self._stack.__exit__(kind, fault, trace)
                return
            with self._stack:
                self._reclaim()

    def _reclaim(self) -> None:
        """What a container wrote as another user is made this one's, to be read."""
        for host, place in self._places.items():
            inside = place.mount is None
            path = self._folder.tree(host) if inside else place.folder.path
            if path.is_dir():
                self._prepared.engine.reclaim(path, self._prepared.target)
