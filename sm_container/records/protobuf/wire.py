"""The wire format of protocol buffers: tags, varints and where the value of a field lies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sm_container.records.errors import RecordError

VARINT, FIXED64, LENGTH, GROUP, END_GROUP, FIXED32 = range(6)
"""The wire types."""
_LARGEST_FIELD = (1 << 29) - 1
_DEEPEST_GROUP = 100
_NAMES = ("a varint", "8 bytes", "a length", "a group", "the end of a group", "4 bytes")


class Field(NamedTuple):
    """One field as it lies there: its value is ``start`` to ``stop``, ``at`` is after its tag.

    Where a length stands before the value, ``at`` is where the length begins.
    """

    number: int
    wire: int
    at: int
    start: int
    stop: int


def fields(data: bytes, start: int, stop: int) -> Iterator[Field]:
    """The fields of a message, in their order. Raises RecordError for what is none."""
    at = start
    while at < stop:
        field = _field(data, at, stop)
        yield field
        at = field.stop


def varint(data: bytes, at: int, stop: int) -> tuple[int, int]:
    """The number that begins at ``at``, and where it ends: at most ten bytes, 64 bits."""
    value = shift = 0
    for place in range(at, min(stop, at + 10)):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value >> 64:
                raise RecordError(f"a number of more than 64 bits at byte {at} of the payload")
            return value, place + 1
        shift += 7
    if stop - at < 10:
        raise RecordError(f"a number is cut off at byte {stop} of the payload")
    raise RecordError(f"a number of more than ten bytes at byte {at} of the payload")


def expect(field: Field, *wires: int) -> None:
    """Raise RecordError where a known field is not of these wire types."""
    if field.wire not in wires:
        raise RecordError(
            f"the field {field.number} at byte {field.at} of the payload is {_NAMES[field.wire]}, "
            f"and should be {' or '.join(_NAMES[wire] for wire in wires)}"
        )


def _field(data: bytes, at: int, stop: int) -> Field:
    tag, after = varint(data, at, stop)
    number, wire = tag >> 3, tag & 7
    if not 0 < number <= _LARGEST_FIELD or wire > FIXED32:
        raise RecordError(f"byte {at} of the payload begins no field: the tag is {tag:#x}")
    if wire == GROUP:
        return Field(number, wire, after, after, _after_group(data, number, after, stop))
    if wire == END_GROUP:
        raise RecordError(f"a group ends at byte {at} of the payload, and none began")
    if wire == VARINT:
        _, end = varint(data, after, stop)
        return Field(number, wire, after, after, end)
    begin, size = after, 4 if wire == FIXED32 else 8
    if wire == LENGTH:
        size, begin = varint(data, after, stop)
    if size > stop - begin:
        raise RecordError(
            f"the field {number} at byte {at} of the payload has {size} bytes, and "
            f"{stop - begin} are left of its message"
        )
    return Field(number, wire, after, begin, begin + size)


def _after_group(data: bytes, number: int, at: int, stop: int) -> int:
    """Where the group of this number ends whose content begins at ``at``; it may hold groups."""
    groups = [number]
    while groups:
        tag, after = varint(data, at, stop)
        number, wire = tag >> 3, tag & 7
        if wire == GROUP:
            groups.append(number)
            at = after
            if len(groups) > _DEEPEST_GROUP:
                raise RecordError(f"groups within groups at byte {at} of the payload, too deep")
        elif wire == END_GROUP:
            if groups.pop() != number:
                raise RecordError(f"a group ends at byte {at} of the payload that never began")
            at = after
        else:
            at = _field(data, at, stop).stop
    return at
