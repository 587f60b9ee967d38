"""The feeder of one host: a program that can run beside the algorithm, wherever that runs.

Started as ``python -m sm_container.harness.inputs.feed DOCUMENT`` (a `FeedPlan`). It makes FIFOs
and mounts, says that it is ready, and serves them until its standard input ends or a signal comes.
It takes away what it made.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from functools import partial
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING

from sm_container.contract.layout import Layout
from sm_container.harness.inputs.fastfile.errors import MountError
from sm_container.harness.inputs.feed.ending import Ending
from sm_container.harness.inputs.feed.messages import Speaker, Statistics
from sm_container.harness.inputs.feed.plan import FeedPlan
from sm_container.harness.inputs.pipe.feeder import EpochError, PipeFeeder
from sm_container.harness.inputs.pipe.fifo import FifoError
from sm_container.harness.inputs.pipe.source import Sources
from sm_container.harness.inputs.pipe.stop import Stop
from sm_container.harness.inputs.pipe.trace import Trace
from sm_container.readahead.ahead import ReadAhead
from sm_container.storage.errors import StorageError
from sm_container.storage.store import Stores

if TYPE_CHECKING:
    from sm_container.harness.inputs.fastfile.mount import Mount

_TICK_SECONDS = 1.0


class _CannotBeginError(Exception):
    """A channel cannot be fed; that was told."""


def main(arguments: list[str]) -> int:
    """Feed until the end; 0 unless a channel could not even be begun."""
    [document] = arguments
    speaker = Speaker(FileIO(sys.stdout.fileno(), "wb", closefd=False))
    plan = FeedPlan.read(Path(document))
    with Ending(sys.stdin.fileno()) as ending:
        try:
            with _fed(plan, speaker) as host:
                speaker.statistics(host.statistics())
                speaker.ready()
                while not ending.has_come(_TICK_SECONDS) and speaker.is_heard:
                    speaker.statistics(host.statistics())
        except _CannotBeginError:
            return 1
        speaker.statistics(host.statistics())
        speaker.traces(host.traces())
    return 0


class _Host:
    """What one host is fed with."""

    def __init__(self, plan: FeedPlan, speaker: Speaker) -> None:
        self._plan = plan
        self._speaker = speaker
        self._feeders: list[PipeFeeder] = []
        self._mounts: dict[str, Mount] = {}

    def begin(self, cleanup: ExitStack) -> None:
        plan = self._plan
        stores = Stores(None if plan.s3_root is None else Path(plan.s3_root), plan.link)
        ahead = cleanup.enter_context(ReadAhead())
        self._mount(stores, ahead, cleanup)
        self._feed(stores, ahead, cleanup)

    def statistics(self) -> Statistics:
        read = {channel.name: {"read": 0, "waited": 0.0} for channel in self._plan.mounts}
        for name, mount in self._mounts.items():
            found = mount.statistics()
            read[name] = {"read": found.total, "waited": found.waited}
        return {**read, **{each.channel.name: asdict(each.counters) for each in self._feeders}}

    def traces(self) -> dict[str, Trace]:
        """By channel what was sent of the epoch that was begun last, where one was."""
        return {each.channel.name: each.trace for each in self._feeders if each.trace is not None}

    def _mount(self, stores: Stores, ahead: ReadAhead, cleanup: ExitStack) -> None:
        channels = [channel for channel in self._plan.mounts if channel.objects]
        if not channels:
            return
        from sm_container.harness.inputs.fastfile.device import may_mount
        from sm_container.harness.inputs.fastfile.mount import mount

        for channel in channels:
            with self._telling(channel.name):
                store, _ = stores.open(channel.objects[0].object.base)
                self._mounts[channel.name] = cleanup.enter_context(
                    mount(
                        channel.objects,
                        store,
                        Layout(self._plan.data.parent.parent).channel(channel.name),
                        read_ahead=ahead,
                        everyone=self._plan.for_everyone or may_mount(),
                        on_fault=partial(self._speaker.trouble, channel.name),
                    )
                )

    def _feed(self, stores: Stores, ahead: ReadAhead, cleanup: ExitStack) -> None:
        folder = os.open(self._plan.data, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        cleanup.callback(os.close, folder)
        stop = Stop()
        cleanup.callback(stop.close)
        sources = Sources(stores.open, ahead)
        for channel in self._plan.pipes:
            feeder = PipeFeeder(channel, folder, sources, self._plan.spool, stop, self._tell)
            self._feeders.append(feeder)
            cleanup.callback(feeder.close)
        cleanup.callback(ahead.close)  # it wakes the threads that wait for bytes
        cleanup.callback(stop.set)
        for feeder in self._feeders:
            with self._telling(feeder.channel.name):
                feeder.prepare()
        for feeder in self._feeders:
            feeder.start()

    @contextmanager
    def _telling(self, channel: str) -> Iterator[None]:
        try:
            yield
        except Exception as fault:
            self._tell(channel, fault)
            raise _CannotBeginError from fault

    def _tell(self, channel: str, fault: Exception) -> None:
        """To the harness; what nobody foresaw, in full to the log too."""
        cause = fault.fault if isinstance(fault, EpochError) else fault
        if not isinstance(cause, (StorageError, FifoError, MountError, OSError)):
            traceback.print_exception(type(cause), cause, cause.__traceback__)
        self._speaker.fault(channel, fault)


@contextmanager
def _fed(plan: FeedPlan, speaker: Speaker) -> Iterator[_Host]:
    host = _Host(plan, speaker)
    with ExitStack() as cleanup:
        host.begin(cleanup)
        yield host
