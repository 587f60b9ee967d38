"""From payloads of recordio-protobuf to columns: by template where it can be, else one by one.

1. Records of equal length are held against the form of the first, byte by byte of what is constant.
2. What is left is read side by side, by the forms met so far and a few new ones.
3. What is left then, records in pieces or of rare forms, is parsed one by one: faults are found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from sm_container.records.batch import Batch
from sm_container.records.errors import OnFault, RecordError
from sm_container.records.frames import Frames
from sm_container.records.protobuf.forms import Form
from sm_container.records.protobuf.parser import Parser
from sm_container.records.protobuf.template import Template
from sm_container.records.tensors.layout import Faults
from sm_container.records.tensors.parts import Group
from sm_container.records.tensors.rigid import Rigid, are_equally_long, runs
from sm_container.records.tensors.stream import decoded

_SHORTEST_RUN = 64
_FEW = 4  # records for which a template does not pay
_MOST_TEMPLATES = 16
_MOST_TRIES = 8  # new templates in one block


def decode(
    blocks: Iterable[Frames], *, rows: int | None = None, on_fault: OnFault = OnFault.RAISE
) -> Iterator[Batch]:
    """The records of blocks of payloads in batches of ``rows``, or a batch a block.

    Columns are float32, float64 or int32: ``features`` a matrix or Csr, ``label`` and features of
    other names one-dimensional where each record has one number; bytes and text are objects.
    Raises RecordError at a payload that is no record or does not fit those before it.
    """
    return decoded(blocks, ProtobufDecoder(), rows=rows, on_fault=on_fault)


class ProtobufDecoder:
    """Reads blocks of one stream; remembers the forms of its records."""

    def __init__(self) -> None:
        self._rigid: tuple[Rigid, Form] | None = None
        self._templates: list[Template] = []  # the last that most records of a run matched first

    def groups(self, frames: Frames, faults: Faults) -> list[Group]:
        """The records of the block, but for those in ``faults``, which it fills."""
        groups: list[Group] = []
        for start, stop in runs(frames, _SHORTEST_RUN):
            some = frames.slice(start, stop)
            rows = np.arange(start, stop)
            group = self._equally_long(some, rows) if are_equally_long(some) else None
            if group is None:
                groups += self._side_by_side(frames, rows, faults)
            else:
                groups.append(group)
        return groups

    def _equally_long(self, frames: Frames, rows: NDArray[np.int64]) -> Group | None:
        """All these records by the form of the last such, or of the first of them."""
        length = int(frames.lengths[0])
        try:
            if self._rigid and self._rigid[0].length == length:
                rigid, form = self._rigid
                if cuts := rigid.cuts(frames):
                    return Group(rows, form.parts(cuts, len(rows)))
            parser = Parser(bytes(frames.payload(0)))
            form = Form(parser)
            if not parser.is_regular:
                return None
            rigid = Rigid(parser.data, form.spans)
            cuts = rigid.cuts(frames)
            if cuts is None:
                return None
            group = Group(rows, form.parts(cuts, len(rows)))
        except RecordError:
            return None  # which of them it is, and what is wrong, is found one by one
        self._rigid = rigid, form
        return group

    def _side_by_side(
        self, frames: Frames, rows: NDArray[np.int64], faults: Faults
    ) -> Iterator[Group]:
        left = rows
        for template in list(self._templates):
            if len(left) < _FEW:
                break
            group = _matched(template, frames, left)
            if group is not None:
                self._keep(template, is_first=2 * len(group.rows) > len(rows))
                left = _without(left, group.rows)
                yield group
        for _ in range(_MOST_TRIES):
            if len(left) < _FEW:
                break
            new = _template_of(frames, int(left[0]))
            group = _matched(new, frames, left) if new else None
            if new and group:
                self._keep(new, is_first=2 * len(group.rows) > len(rows))
                left = _without(left, group.rows)
                yield group
            else:
                yield from _one_by_one(frames, left[:1], faults)
                left = left[1:]
        yield from _one_by_one(frames, left, faults)

    def _keep(self, template: Template, *, is_first: bool) -> None:
        """Try it before all others from now on, or right after the first."""
        others = [other for other in self._templates if other is not template]
        others.insert(0 if is_first else 1, template)
        self._templates = others[:_MOST_TEMPLATES]


def _matched(template: Template, frames: Frames, rows: NDArray[np.int64]) -> Group | None:
    found, cuts = template.match(frames, rows)
    if not len(found):
        return None
    try:
        return Group(found, template.form.parts(cuts, len(found)))
    except RecordError:
        return None  # one of them is at fault: which, is found one by one


def _template_of(frames: Frames, row: int) -> Template | None:
    try:
        parser = Parser(bytes(frames.payload(row)))
        form = Form(parser)
    except RecordError:
        return None
    return Template(parser, form) if parser.is_regular else None


def _one_by_one(frames: Frames, rows: NDArray[np.int64], faults: Faults) -> Iterator[Group]:
    for row in rows.tolist():
        try:
            parser = Parser(bytes(frames.payload(row)))
            form = Form(parser)
            parts = form.parts(form.cuts(), 1)
        except RecordError as error:
            faults[row] = error.what
        else:
            yield Group(np.array([row]), parts)


def _without(rows: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows that are not among ``others``, both in order."""
    if len(others) == len(rows):
        return rows[:0]
    is_left = np.ones(len(rows), bool)
    is_left[np.searchsorted(rows, others)] = False
    return rows[is_left]
