"""A host's checkpoint folder and its S3Uri, held together for one attempt.

Before the start all that is in S3 comes to the folder; from then on all that settles in the folder
goes to S3, and so does the end of what was there. Source: developer guide, "Use Checkpoints in
Amazon SageMaker".
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

from sm_container.contract.manifest import ChannelManifest
from sm_container.harness.checkpoints.files import Files
from sm_container.harness.checkpoints.folder import Folder
from sm_container.harness.checkpoints.looker import Looker
from sm_container.harness.checkpoints.notes import Notes
from sm_container.harness.checkpoints.prefix import Found, Prefix
from sm_container.harness.checkpoints.restore import WHAT, restore
from sm_container.harness.checkpoints.tally import Tally
from sm_container.harness.checkpoints.uploader import Uploader
from sm_container.harness.inputs.meter import StageProgress
from sm_container.harness.job.traffic import CheckpointTraffic
from sm_container.harness.outputs.errors import ArtifactError

SETTLE_SECONDS = 1.0
"""How long a file must not have changed before it is uploaded."""
UPLOADS = 8
"""Files that one host uploads at once. A large one goes in parts of its own, several at once."""

_TICK_SECONDS = 0.1
_LEAVE_SECONDS = 5.0


class CheckpointSync:
    """One host of one attempt. Within the ``with`` block, which is entered before the container
    starts, what happens in the folder is carried to S3. Leaving it, once the container has ended,
    brings over all the rest."""

    def __init__(
        self,
        host: str,
        folder: Folder,
        prefix: Prefix,
        *,
        progress: StageProgress,
        settle_seconds: float = SETTLE_SECONDS,
        uploads: int = UPLOADS,
    ) -> None:
        """``progress`` is told how far the last upload is, in the thread that leaves the block."""
        self._folder = folder
        self._prefix = prefix
        self._progress = progress
        self._notes = Notes(f"checkpoints of {host}")
        self._tally = Tally(host)
        self._files = Files(settle_seconds)
        self._looker = Looker(folder, prefix, self._files, self._notes, settle_seconds)
        self._uploader = Uploader(host, folder, prefix, self._files, self._notes, self._tally)
        self._found = Found((), ())
        self._is_abandoned = False
        self._defect: BaseException | None = None
        self._looking = self._thread(self._looker.run, f"checkpoint looker of {host}")
        self._uploading = [
            self._thread(self._upload, f"checkpoint uploader {number} of {host}")
            for number in range(1, uploads + 1)
        ]

    def restore(self, progress: StageProgress) -> int:
        """Empty the folder and fill it with what is in S3; returns the bytes that came.

        Called before each start, on every host. An empty prefix is fine. ``progress`` may raise to
        end it.

        Raises:
            StorageError: where it cannot be done. What has come until then is of no use.
        """
        began = time.monotonic()
        self._found = self._prefix.find()
        for number, note in enumerate(self._found.notes):
            self._notes.add(f"restore {number}", note)
        versions = restore(self._found, self._prefix.store, self._folder, progress)
        self._files.restored(versions)
        size = self._found.size
        self._tally.restored(len(versions), size, time.monotonic() - began)
        return size

    @property
    def manifest(self) -> ChannelManifest:
        """What was restored, as the platform tells it beside the channels."""
        return self._prefix.manifest(self._found)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know so far."""
        return self._notes.texts

    @property
    def traffic(self) -> CheckpointTraffic:
        """What was moved so far."""
        return self._tally.traffic

    def check(self) -> None:
        """Raise what has ended the sync before its time, a defect of this program."""
        if self._defect is not None:
            raise self._defect

    def abandon(self) -> None:
        """Stop here, as where the instance is lost without a warning: S3 keeps what it has, and
        leaving the block brings nothing over. An upload in one piece that is on its way arrives."""
        self._is_abandoned = True
        self._leave()

    def __enter__(self) -> CheckpointSync:
        for thread in (self._looking, *self._uploading):
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Raises ArtifactError where something could not be brought over."""
        if self._is_abandoned or (kind is not None and not issubclass(kind, Exception)):
            self._leave()
            return
        try:
            self._finish(with_removals=kind is None)
        except OSError as error:
            self._leave()
            self._uploader.faults.append(f"{self._folder.shown}: {error.strerror}")
        except BaseException:
            self._leave()
            raise
        if self._uploader.faults:
            first, *more = self._uploader.faults
            text = f"{first} (and {len(more)} more like this)" if more else first
            if kind is None:
                raise ArtifactError(text)
            self._notes.add("final", text)

    def _finish(self, *, with_removals: bool) -> None:
        self._looker.end()
        self._looking.join()
        self.check()
        self._look_a_last_time()
        total = self._tally.sent + self._files.due_bytes
        self._files.finish(with_removals=with_removals)
        for thread in self._uploading:
            while thread.is_alive():
                thread.join(_TICK_SECONDS)
                self._tell(total)
        self.check()

    def _look_a_last_time(self) -> None:
        sight = self._looker.look()
        if sight is None:
            self._notes.add("gone", f"{self._folder.shown} was gone in the end; S3 has what it had")
        elif sight.hidden:
            hidden = f"{self._folder.shown}/{min(sight.hidden)}"
            self._uploader.faults.append(f"{hidden} may not be looked into")

    def _tell(self, total: int) -> None:
        if total:
            self._progress(WHAT, min(self._tally.sent, total), total)

    def _leave(self) -> None:
        self._looker.end()
        self._uploader.cancel()
        self._files.end()
        deadline = time.monotonic() + _LEAVE_SECONDS
        for thread in (self._looking, *self._uploading):
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))

    def _upload(self) -> None:
        while (task := self._files.take()) is not None:
            self._uploader.carry(task)

    def _thread(self, work: Callable[[], None], name: str) -> threading.Thread:
        """A daemon, since an upload can hang, whose defect is raised by ``check``."""

        def guarded() -> None:
            try:
                work()
            except BaseException as defect:  # noqa: BLE001 - raised again in the caller's thread
                self._defect = defect
                self._files.end()

        return threading.Thread(target=guarded, name=name, daemon=True)
