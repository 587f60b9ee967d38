"""From blocks of records to batches: what is wrong is raised, left out, or ends the pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np

from sm_container.records.batch import Batch
from sm_container.records.errors import OnFault, RecordError
from sm_container.records.faults import StopHere, met
from sm_container.records.frames import Frames
from sm_container.records.tensors.layout import Faults, Layout
from sm_container.records.tensors.parts import Group


class Decoder(Protocol):
    """Reads payloads of one format. Keeps between blocks what it learnt of the records' form."""

    def groups(self, frames: Frames, faults: Faults) -> list[Group]:
        """Every record of a block that can be read; what is wrong with the rest in ``faults``."""


def decoded(
    blocks: Iterable[Frames], decoder: Decoder, *, rows: int, on_fault: OnFault
) -> Iterator[Batch]:
    """The records of the blocks in batches of at most ``rows``; their arrays own their memory.

    Raises RecordError at a record that cannot be read or does not fit those before it; the
    records before it come first.
    """
    layout = Layout()
    for frames in blocks:
        if not len(frames):
            continue
        faults: Faults = {}
        groups = layout.fitting(decoder.groups(frames, faults), faults)
        if faults and on_fault is not OnFault.SKIP:
            groups = _before(groups, min(faults))
        batch = Batch(layout.columns(groups))
        for start in range(0, batch.rows, rows):
            yield batch if batch.rows <= rows else batch.slice(start, min(start + rows, batch.rows))
        for row in sorted(faults):
            error = RecordError(
                faults[row],
                source=frames.source,
                index=frames.index + row,
                offset=int(frames.offsets[row]),
            )
            try:
                met(error, on_fault)
            except StopHere:
                return


def _before(groups: list[Group], row: int) -> list[Group]:
    """The groups without that record and all that come after it."""
    kept = (group.take(np.flatnonzero(group.rows < row)) for group in groups)
    return [group for group in kept if len(group.rows)]
