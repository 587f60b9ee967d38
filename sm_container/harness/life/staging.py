"""Putting a host's channels in place before its container starts."""

from __future__ import annotations

from sm_container.contract.layout import Layout
from sm_container.harness.inputs.cache import ObjectCache
from sm_container.harness.inputs.file import StageProgress, stage_channel
from sm_container.harness.inputs.placement import Placement
from sm_container.harness.life.faults import DownloadError
from sm_container.harness.life.prepare import Prepared
from sm_container.storage.errors import StorageError


def stage(
    prepared: Prepared, host: str, layout: Layout, progress: StageProgress
) -> tuple[str, ...]:
    """Put every channel of a host in place; returns what the user should know of it.

    Raises:
        DownloadError: with the URI and what stood in the way.
    """
    cache = ObjectCache(prepared.home.cache)
    # Links only where the program cannot write to them: they may be the user's own files.
    placement = Placement.LINK if prepared.engine.protects_inputs else Placement.COPY
    notes: list[str] = []
    for plan in prepared.plans:
        try:
            staged = stage_channel(plan, host, layout, cache, placement, progress)
        except (StorageError, OSError) as fault:
            raise DownloadError(str(fault)) from fault
        notes.extend(staged.notes)
    return tuple(notes)
