"""Putting a host's File-mode channels in place before its container starts."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sm_container.contract.inputs import InputMode
from sm_container.contract.layout import Layout
from sm_container.harness.inputs.file.cache import ObjectCache
from sm_container.harness.inputs.file.placement import Placement
from sm_container.harness.inputs.file.stage import stage_channel
from sm_container.harness.inputs.meter import StageProgress
from sm_container.harness.job.traffic import ChannelTraffic
from sm_container.harness.life.faults import DownloadError
from sm_container.harness.life.prepare import Prepared
from sm_container.storage.errors import StorageError


@dataclass(frozen=True)
class Staged:
    """What was put in place, and what the user should know of it."""

    traffic: tuple[ChannelTraffic, ...]
    notes: tuple[str, ...]


def stage(prepared: Prepared, host: str, layout: Layout, progress: StageProgress) -> Staged:
    """Put every File-mode channel of a host in place.

    Raises:
        DownloadError: with the URI and what stood in the way.
    """
    # What a real bucket would do is not shown by a copy that was kept.
    cache = None if prepared.options.link is not None else ObjectCache(prepared.home.cache)
    # Links only where the program cannot write to them: they may be the user's own files.
    placement = Placement.LINK if prepared.engine.protects_inputs else Placement.COPY
    notes: list[str] = []
    traffic: list[ChannelTraffic] = []
    for plan in prepared.plans:
        if plan.mode is not InputMode.FILE:
            continue
        began = time.monotonic()
        try:
            staged = stage_channel(plan, host, layout, cache, placement, progress)
        except (StorageError, OSError) as fault:
            raise DownloadError(str(fault)) from fault
        notes.extend(staged.notes)
        took = time.monotonic() - began
        traffic.append(ChannelTraffic(plan.channel, host, str(plan.mode), staged.size, took))
    return Staged(tuple(traffic), tuple(notes))
