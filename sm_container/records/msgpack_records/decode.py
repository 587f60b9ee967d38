"""From payloads of msgpack to columns: by template in runs of one form, else one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from sm_container.records.batch import Batch
from sm_container.records.errors import OnFault, RecordError
from sm_container.records.frames import Frames
from sm_container.records.msgpack_records.parser import (
    BlobForm,
    Form,
    TensorForm,
    parse,
    spans_of,
)
from sm_container.records.msgpack_records.schema import keys_dtype
from sm_container.records.tensors.cuts import BYTES, Cut, blobs, texts
from sm_container.records.tensors.layout import Faults
from sm_container.records.tensors.parts import Group, Numbers, Objects, Part
from sm_container.records.tensors.rigid import Rigid, are_equally_long, runs
from sm_container.records.tensors.stream import decoded

_SHORTEST_RUN = 16
_BOOL = np.dtype(bool)


def decode(
    blocks: Iterable[Frames], *, rows: int | None = None, on_fault: OnFault = OnFault.RAISE
) -> Iterator[Batch]:
    """The records of blocks of payloads in batches of ``rows``, or a batch a block.

    Columns have the dtype and, behind the rows, the shape that the records say. Raises RecordError
    at a payload that is no record or does not fit those before it.
    """
    return decoded(blocks, MsgpackDecoder(), rows=rows, on_fault=on_fault)


class MsgpackDecoder:
    """Reads blocks of one stream; remembers the form of its records."""

    def __init__(self) -> None:
        self._rigid: tuple[Rigid, Form] | None = None

    def groups(self, frames: Frames, faults: Faults) -> list[Group]:
        """The records of the block, but for those in ``faults``, which it fills."""
        groups: list[Group] = []
        for start, stop in runs(frames, _SHORTEST_RUN):
            some = frames.slice(start, stop)
            rows = np.arange(start, stop)
            group = self._equally_long(some, rows) if are_equally_long(some) else None
            if group is None:
                groups += _one_by_one(frames, rows, faults)
            else:
                groups.append(group)
        return groups

    def _equally_long(self, frames: Frames, rows: NDArray[np.int64]) -> Group | None:
        """All these records by the form of the last such, or of the first of them."""
        try:
            if self._rigid and self._rigid[0].length == int(frames.lengths[0]):
                rigid, form = self._rigid
                if cuts := rigid.cuts(frames):
                    return Group(rows, _parts(form, cuts, len(rows)))
            payload = bytes(frames.payload(0))
            form, pieces = parse(payload)
            spans = spans_of(payload, form, pieces)
            if not spans:
                return None
            rigid = Rigid(payload, spans)
            cuts = rigid.cuts(frames)
            if cuts is None:
                return None
            group = Group(rows, _parts(form, cuts, len(rows)))
        except RecordError:
            return None  # which of them it is, and what is wrong, is found one by one
        self._rigid = rigid, form
        return group


def _one_by_one(frames: Frames, rows: NDArray[np.int64], faults: Faults) -> Iterator[Group]:
    """Each record unpacked; those of one form become one group."""
    alike: dict[Form, tuple[list[int], list[list[bytes]]]] = {}
    for row in rows.tolist():
        try:
            form, pieces = parse(bytes(frames.payload(row)))
        except RecordError as error:
            faults[row] = error.what
            continue
        found, held = alike.setdefault(form, ([], []))
        found.append(row)
        held.append(pieces)
    for form, (found, held) in alike.items():
        cuts = [
            Cut(
                np.frombuffer(bytearray().join(piece), dtype),
                np.fromiter(map(len, piece), np.int64, len(piece)),
            )
            for piece, dtype in zip(zip(*held, strict=True), _dtypes(form), strict=True)
        ]
        yield Group(np.array(found, np.int64), _parts(form, cuts, len(found)))


def _dtypes(form: Form) -> list[np.dtype[np.generic]]:
    """What each piece of a record of the form is made of."""
    dtypes: list[np.dtype[np.generic]] = []
    for _, kind in form:
        if isinstance(kind, BlobForm):
            dtypes += [BYTES] * (1 if kind.count is None else kind.count)
        else:
            dtypes += [kind.dtype, keys_dtype(kind.shape)] if kind.is_sparse else [kind.dtype]
    return dtypes


def _parts(form: Form, cuts: list[Cut], rows: int) -> dict[str, Part]:
    parts: dict[str, Part] = {}
    left = iter(cuts)
    for column, kind in form:
        if isinstance(kind, TensorForm):
            values = next(left)
            keys = next(left) if kind.is_sparse else None
            parts[column] = _numbers(kind, values, keys)
        elif kind.count is None:
            read, of = (texts, str) if kind.is_text else (blobs, bytes)
            parts[column] = Objects(read(next(left)), of)
        else:
            table = np.empty((rows, kind.count), object)
            for number in range(kind.count):
                table[:, number] = blobs(next(left))
            parts[column] = Objects(table, bytes)
    return parts


def _numbers(kind: TensorForm, values: Cut, keys: Cut | None) -> Numbers:
    items = values.items
    if kind.dtype == _BOOL:
        items = items.view(np.uint8) != 0  # numpy takes any other byte than 0 and 1 amiss
    places = None if keys is None else keys.flat.astype(np.int64)
    return Numbers(items, values.counts, kind.shape, places)
