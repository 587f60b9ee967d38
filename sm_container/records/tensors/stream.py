"""From blocks of records to batches: what is wrong is raised, left out, or ends the pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np

from sm_container.records.batch import Batch, rebatched
from sm_container.records.errors import OnFault, RecordError
from sm_container.records.faults import end, is_left_out
from sm_container.records.frames import Frames
from sm_container.records.tensors.layout import Faults, Layout
from sm_container.records.tensors.parts import Group


class Decoder(Protocol):
    """Reads payloads of one format. Keeps between blocks what it learnt of the records' form."""

    def groups(self, frames: Frames, faults: Faults) -> list[Group]:
        """Every record of a block that can be read; what is wrong with the rest in ``faults``."""


def decoded(
    blocks: Iterable[Frames], decoder: Decoder, *, rows: int | None, on_fault: OnFault
) -> Iterator[Batch]:
    """The records of the blocks in batches of ``rows``, or a batch a block where that is None.

    The arrays own their memory. Raises RecordError at a record that cannot be read or does not fit
    those before it; the records before it come first.
    """
    batches = _by_block(blocks, decoder, on_fault)
    if rows is None:
        return (batch.copy() for batch in batches)
    return rebatched(batches, rows, are_lent=True)


def _by_block(blocks: Iterable[Frames], decoder: Decoder, on_fault: OnFault) -> Iterator[Batch]:
    """A batch a block; its dense columns may be views of the block."""
    layout = Layout()
    for frames in blocks:
        if not len(frames):
            continue
        faults: Faults = {}
        groups = layout.fitting(decoder.groups(frames, faults), faults)
        if faults and on_fault is not OnFault.SKIP:
            groups = _before(groups, min(faults))
        if groups:
            yield Batch(layout.columns(groups))
        for row in sorted(faults):
            error = RecordError(
                faults[row],
                source=frames.source,
                index=frames.index + row,
                offset=int(frames.offsets[row]),
            )
            if not is_left_out(error, on_fault):
                return end(error, on_fault)


def _before(groups: list[Group], row: int) -> list[Group]:
    """The groups without that record and all that come after it."""
    kept = (group.take(np.flatnonzero(group.rows < row)) for group in groups)
    return [group for group in kept if len(group.rows)]
