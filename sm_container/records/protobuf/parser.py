"""Reading one record by the tables of the schema, whatever the order and packing of its fields.

As any reader of protocol buffers does: unknown fields are skipped, the last of a repeated map entry
or single field counts, parts of one message given in pieces are joined. Other than those, a known
field of a wrong wire type is an error here, and no unknown field.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from sm_container.records.errors import RecordError
from sm_container.records.protobuf.schema import (
    BYTES,
    BYTES_CONTENT_TYPE,
    BYTES_VALUE,
    ENTRY_KEY,
    ENTRY_VALUE,
    KEYS,
    KINDS,
    RECORD,
    SHAPE,
    TEXT,
    VALUES,
    Kind,
)
from sm_container.records.protobuf.wire import LENGTH, VARINT, Field, expect, fields, varint
from sm_container.records.tensors.parts import checked_shape
from sm_container.records.tensors.places import TEXTS, Place, Section, column_of


@dataclass
class Tensor:
    """A tensor as it lies in the record: where its values and keys are, and its shape."""

    kind: Kind
    values: list[Field] = field(default_factory=list)
    keys: list[Field] = field(default_factory=list)
    dimensions: list[int] = field(default_factory=list)

    @property
    def shape(self) -> tuple[int, ...] | None:
        return checked_shape(self.dimensions) if self.dimensions else None


@dataclass
class Blob:
    """Bytes values, or one text, as they lie in the record."""

    values: list[Field] = field(default_factory=list)
    is_text: bool = False


Content: TypeAlias = "Tensor | Blob"


class Parser:
    """One record: ``contents`` by column, and what a template of its form must know.

    ``marks`` are the lengths that may differ in another record of the form, in order;
    ``is_regular`` says that there is one, since every part is in one piece.
    Raises RecordError where the record is none.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.contents: dict[str, Content] = {}
        self.marks: list[Field] = []
        self.is_regular = True
        for part in fields(data, 0, len(data)):
            section = RECORD.get(part.number)
            if section in TEXTS:
                self._put(Place(section), Blob([self._marked(part)], is_text=True))
            elif section is not None:
                self._entry(section, self._marked(part))

    def _put(self, place: Place, content: Content) -> None:
        column = column_of(place)
        self.is_regular &= column not in self.contents
        self.contents[column] = content

    def _marked(self, part: Field) -> Field:
        expect(part, LENGTH)
        self.marks.append(part)
        return part

    def _entry(self, section: Section, entry: Field) -> None:
        name = ""
        content: Content | None = None
        for part in fields(self.data, entry.start, entry.stop):
            if part.number == ENTRY_KEY:
                name = self._text(part)
            elif part.number == ENTRY_VALUE:
                self.is_regular &= content is None
                content = self._value(self._marked(part), content)
        if content is None:
            raise RecordError(f"{section.value}[{name!r}] has no tensor and no bytes")
        self._put(Place(section, name), content)

    def _value(self, value: Field, content: Content | None) -> Content | None:
        for part in fields(self.data, value.start, value.stop):
            kind = KINDS.get(part.number)
            if kind is None and part.number != BYTES:
                continue
            self.is_regular &= content is None
            self._marked(part)
            if kind is None:
                content = content if isinstance(content, Blob) else Blob()
                self._bytes(part, content)
            else:
                is_same = isinstance(content, Tensor) and content.kind is kind
                content = content if is_same else Tensor(kind)
                assert isinstance(content, Tensor)
                self._tensor(part, content)
        return content

    def _bytes(self, message: Field, blob: Blob) -> None:
        for part in fields(self.data, message.start, message.stop):
            if part.number == BYTES_VALUE:
                blob.values.append(self._marked(part))
            elif part.number == BYTES_CONTENT_TYPE:
                expect(part, LENGTH)
                blob.is_text = self.data[part.start : part.stop] == TEXT

    def _tensor(self, message: Field, tensor: Tensor) -> None:
        for part in fields(self.data, message.start, message.stop):
            if part.number == VALUES:
                self._items(part, tensor.kind.wire, tensor.values)
            elif part.number == KEYS:
                self._items(part, VARINT, tensor.keys)
            elif part.number == SHAPE:
                expect(part, VARINT, LENGTH)
                self._dimensions(part, tensor.dimensions)

    def _items(self, part: Field, wire: int, items: list[Field]) -> None:
        expect(part, wire, LENGTH)
        self.is_regular &= not items and part.wire == LENGTH
        if part.wire == LENGTH:
            self.marks.append(part)
        items.append(part)

    def _dimensions(self, part: Field, dimensions: list[int]) -> None:
        at = part.start
        while at < part.stop:
            size, at = varint(self.data, at, part.stop)
            dimensions.append(size)

    def _text(self, part: Field) -> str:
        expect(part, LENGTH)
        try:
            return self.data[part.start : part.stop].decode("utf-8")
        except UnicodeDecodeError as error:
            raise RecordError(f"a name at byte {part.start} of the payload is not UTF-8") from error
