"""The form of a record: which parts it has for which column, and how their bytes become numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sm_container.records.batch import FEATURES
from sm_container.records.errors import RecordError
from sm_container.records.protobuf.parser import Blob, Content, Parser
from sm_container.records.protobuf.schema import VALUES, Kind
from sm_container.records.protobuf.varints import decode_varints
from sm_container.records.protobuf.wire import VARINT, Field
from sm_container.records.tensors.cuts import BYTES, Cut, Span, blobs, texts
from sm_container.records.tensors.parts import Numbers, Objects, Part


@dataclass(frozen=True)
class _TensorForm:
    kind: Kind
    shape: tuple[int, ...] | None
    values: int | None
    keys: int | None


@dataclass(frozen=True)
class _BlobForm:
    is_text: bool
    values: tuple[int, ...]


class Form:
    """What a parsed record is made of: columns, and the pieces of the record that they come from.

    ``pieces`` are where each lies, several where it is given in parts; ``spans`` the same for a
    record where none is. Raises RecordError for a piece that is no whole numbers.
    """

    def __init__(self, parser: Parser) -> None:
        self._data = parser.data
        self.pieces: list[list[Field]] = []
        self._kinds: list[Kind | None] = []
        self._columns = {
            column: self._form_of(column, content) for column, content in parser.contents.items()
        }

    @property
    def spans(self) -> list[Span]:
        """The pieces of a regular record, each with what it is made of."""
        return [
            Span(piece[0].start, piece[0].stop, kind.dtype if kind and kind.size else BYTES)
            for piece, kind in zip(self.pieces, self._kinds, strict=True)
        ]

    @property
    def varints(self) -> list[int]:
        """The numbers of the pieces that are varints."""
        return [number for number, kind in enumerate(self._kinds) if kind and not kind.size]

    def cuts(self) -> list[Cut]:
        """The pieces of the one record itself."""
        return [
            _joined(self._data, piece, kind)
            for piece, kind in zip(self.pieces, self._kinds, strict=True)
        ]

    def parts(self, cuts: Sequence[Cut], rows: int) -> dict[str, Part]:
        """The columns of so many records of this form, whose pieces are ``cuts``.

        Raises RecordError where they do not go together in one of the records.
        """
        return {
            column: _objects(form, cuts, rows)
            if isinstance(form, _BlobForm)
            else _numbers(column, form, cuts, rows)
            for column, form in self._columns.items()
        }

    def _form_of(self, column: str, content: Content) -> _TensorForm | _BlobForm:
        if isinstance(content, Blob):
            if content.is_text and len(content.values) != 1:
                raise RecordError(f"{column!r} is text, and has {len(content.values)} values")
            return _BlobForm(
                content.is_text, tuple(self._piece([value], None) for value in content.values)
            )
        return _TensorForm(
            content.kind,
            content.shape,
            self._piece(content.values, content.kind) if content.values else None,
            self._piece(content.keys, _KEYS) if content.keys else None,
        )

    def _piece(self, places: list[Field], kind: Kind | None) -> int:
        if kind:
            for part in places:
                _checked(self._data, part, kind)
        self.pieces.append(places)
        self._kinds.append(kind)
        return len(self.pieces) - 1


_KEYS = Kind(VALUES, np.dtype("<i8"), VARINT)


def _checked(data: bytes, part: Field, kind: Kind) -> None:
    """Raise RecordError where these bytes are no whole numbers of the kind."""
    size = part.stop - part.start
    if kind.size and size % kind.size:
        raise RecordError(
            f"{size} bytes at byte {part.start} of the payload are no whole {kind.dtype.name}s"
        )
    if not kind.size and size and data[part.stop - 1] >= 0x80:
        raise RecordError(f"a number is cut off at byte {part.stop} of the payload")


def _joined(data: bytes, piece: list[Field], kind: Kind | None) -> Cut:
    held = bytearray().join(data[part.start : part.stop] for part in piece)
    items = np.frombuffer(held, kind.dtype if kind and kind.size else BYTES)
    return Cut(items, np.array([len(held)], np.int64))


def _objects(form: _BlobForm, cuts: Sequence[Cut], rows: int) -> Objects:
    read, kind = (texts, str) if form.is_text else (blobs, bytes)
    if len(form.values) == 1:
        return Objects(read(cuts[form.values[0]]), kind)
    table = np.empty((rows, len(form.values)), object)
    for number, place in enumerate(form.values):
        table[:, number] = read(cuts[place])
    return Objects(table, kind)


def _numbers(column: str, form: _TensorForm, cuts: Sequence[Cut], rows: int) -> Numbers:
    if form.values is None:
        values, counts = np.empty(0, form.kind.dtype), np.zeros(rows, np.int64)
    else:
        values, counts = _decoded(cuts[form.values], form.kind)
    if form.keys is not None:
        keys, key_counts = decode_varints(cuts[form.keys], counts)
        if (key_counts != counts).any():
            row = int(np.flatnonzero(key_counts != counts)[0])
            raise RecordError(f"{column!r} has {counts[row]} values and {key_counts[row]} keys")
        if len(keys) or form.shape is not None:
            return Numbers(values, counts, form.shape, keys.view(np.int64))
    if form.shape is None:
        return Numbers(values, counts)
    if form.shape == (1,) and column != FEATURES and (counts == 1).all():
        return Numbers(values, counts)  # a label of one number, whether it says so or not
    return _shaped(column, values, counts, form.shape)


def _shaped(
    column: str, values: NDArray[np.generic], counts: NDArray[np.int64], shape: tuple[int, ...]
) -> Numbers:
    """Tensors that say a shape and no keys: dense ones, or sparse ones that are all zero."""
    numbers = Numbers(values, counts, shape)
    wrong = counts != numbers.width
    if not wrong.any():
        return numbers
    if not counts.any():
        return Numbers(values, counts, shape, np.empty(0, np.int64))
    count = int(counts[np.flatnonzero(wrong)[0]])
    raise RecordError(f"{column!r} has {count} values, and its shape is {list(shape)}")


def _decoded(cut: Cut, kind: Kind) -> tuple[NDArray[np.generic], NDArray[np.int64]]:
    if kind.size:
        return cut.items, cut.counts
    numbers, counts = decode_varints(cut)
    # An int32 is the low 32 bits of its varint, as protocol buffers have it.
    return numbers.astype(np.uint32).view(np.int32), counts
