"""What a tree holds beside its configuration: channels in every mode, restored checkpoints."""

from __future__ import annotations

import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace

from sm_container.contract.inputs import InputMode
from sm_container.contract.layout import Layout
from sm_container.harness.engines.engine import unheard
from sm_container.harness.engines.isolation import Plain
from sm_container.harness.engines.process import ProcessEngine
from sm_container.harness.inputs.fastfile.device import availability
from sm_container.harness.job.options import RunOptions
from sm_container.harness.life.checkpoints import Checkpointing
from sm_container.harness.life.faults import DownloadError, PlatformFault
from sm_container.harness.life.feeding import Feeding
from sm_container.harness.life.prepare import Prepared, prepare
from sm_container.harness.life.staging import stage
from sm_container.harness.life.stopping import Interrupts
from sm_container.harness.request.training_request import TrainingRequest
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.home import Home

_LOOK_SECONDS = 0.1


def settle(home: Home, request: TrainingRequest) -> Prepared:
    """What a job of this request would have, without a program. Where there is no FUSE, FastFile
    channels are settled as File channels, which have the same files.

    Raises:
        InputError, StorageError, EngineError: as a job's preparation.
    """
    engine = ProcessEngine(home, unheard, Plain("no program of the harness's sees it"))
    if availability() is not None:
        channels = tuple(
            replace(channel, input_mode=InputMode.FILE)
            if channel.input_mode == InputMode.FAST_FILE
            else channel
            for channel in request.channels
        )
        request = replace(request, channels=channels)
    return prepare(home, request, RunOptions(target=sys.executable), engine=engine)


@contextmanager
def filled(
    prepared: Prepared,
    request: TrainingRequest,
    folder: JobFolder,
    host: str,
    fresh: Collection[str],
    *,
    restores: bool,
) -> Iterator[None]:
    """Put the ``fresh`` channels into a host's tree, and serve those that are served within the
    block. ``restores`` says whether checkpoints come as well.

    Raises:
        DownloadError: where data cannot be had; on leaving, where it could not be served.
        PlatformFault: where what serves it died.
    """
    plans = tuple(plan for plan in prepared.plans if plan.channel in fresh)
    own = replace(prepared, plans=plans, hosts=(host,))
    layout = Layout(folder.tree(host))
    stage(own, host, layout, _silent)
    for channel in request.channels:
        is_fast = channel.input_mode == InputMode.FAST_FILE
        if is_fast and channel.name in fresh:  # in this mode there is no manifest
            layout.channel_manifest(channel.name).unlink(missing_ok=True)
    if restores and request.checkpoint is not None:
        Checkpointing(own, folder, Interrupts(), _silent).restore(_silent)
    if all(plan.mode is InputMode.FILE for plan in plans):
        yield
        return
    with Feeding.start(own, folder, (host,)) as feeding:
        feeding.wait_until_ready(lambda: None)
        with _watched(feeding):
            yield


@contextmanager
def _watched(feeding: Feeding) -> Iterator[None]:
    """End what serves the channels when one can be served no more: whoever reads it would wait for
    ever, where a job would be ended. The fault is raised when the feeding is left."""
    has_ended = threading.Event()

    def look() -> None:
        while not has_ended.wait(_LOOK_SECONDS):
            try:
                feeding.check()
            except (DownloadError, PlatformFault):
                for feed in feeding.feeds.values():
                    feed.close()
                return

    watch = threading.Thread(target=look, name="feeding", daemon=True)
    watch.start()
    try:
        yield
    finally:
        has_ended.set()
        watch.join()


def _silent(what: str, done: int, total: int) -> None:
    """Nobody waits for it."""
