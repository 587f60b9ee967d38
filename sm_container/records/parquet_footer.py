"""Which columns of a parquet file have nulls, as the statistics in its footer say.

Asked for the statistics of a column, pyarrow ends the process at some damaged footers: its C++
throws through a call that its bindings do not guard. Reading rows is guarded. So the two fields
that are needed, a column's path and its null count, are read from the footer here.

Source: Apache Parquet, parquet.thrift (FileMetaData); Apache Thrift, compact protocol.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sm_container.records.errors import RecordError

_GROUPS, _CHUNKS, _METADATA, _PATH, _STATISTICS, _NULL_COUNT = 4, 1, 3, 3, 12, 3
"""Numbers of fields: of FileMetaData, RowGroup, ColumnChunk, twice ColumnMetaData, Statistics."""

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY = range(1, 9)
_LIST, _SET, _MAP, _STRUCT, _UUID = range(9, 14)
_NUMBERS = (_I16, _I32, _I64)
_SIZES = {_TRUE: 1, _FALSE: 1, _BYTE: 1, _DOUBLE: 8, _UUID: 16}
"""Bytes of what has always as many. In a struct a truth value has none: it is in the type."""

_DEEPEST = 32
_CUT_OFF = "its footer is cut off"
_TAIL = 8
"""The length of the footer in four bytes, and the magic word."""


def columns_with_nulls(file: Any) -> set[str]:
    """The names of the flat columns of a file, as pyarrow opened it, with a null in some row group.

    Raises RecordError for a footer that cannot be read. Memory holds the footer.
    """
    size = file.size()
    tail = _read(file, size - _TAIL, _TAIL)
    length = int.from_bytes(tail[:4], "little")
    compact = _Compact(_read(file, size - _TAIL - length, length))
    found = set()
    for _ in compact.structs(_GROUPS):
        for _ in compact.structs(_CHUNKS):
            for number, kind in compact.fields():
                if (number, kind) == (_METADATA, _STRUCT):
                    path, nulls = _column(compact)
                    if nulls and len(path) == 1:
                        found.add(path[0].decode("utf-8"))
                else:
                    compact.skip(kind)
    return found


def _read(file: Any, offset: int, size: int) -> bytes:
    if offset < 0:
        raise RecordError("its footer is longer than the file")
    file.seek(offset)
    read: bytes = file.read(size)
    return read


def _column(compact: _Compact) -> tuple[list[bytes], int]:
    """The path of a ColumnMetaData, and how many nulls its statistics say; 0 where they do not."""
    path, nulls = [], 0
    for number, kind in compact.fields():
        if (number, kind) == (_PATH, _LIST):
            of, count = compact.head()
            if of != _BINARY:
                raise RecordError("its footer has a path that is no text")
            path = [compact.binary() for _ in range(count)]
        elif (number, kind) == (_STATISTICS, _STRUCT):
            for inner, what in compact.fields():
                if (inner, what) == (_NULL_COUNT, _I64):
                    nulls = compact.varint()  # zigzag: 0 is 0
                else:
                    compact.skip(what)
        else:
            compact.skip(kind)
    return path, nulls


class _Compact:
    """A cursor over Thrift's compact protocol. What a length names is never more than is there."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def varint(self) -> int:
        """A number of up to 64 bits, seven a byte."""
        number = self._byte()
        if number < 0x80:
            return number
        number &= 0x7F
        for shift in range(7, 70, 7):
            byte = self._byte()
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
        raise RecordError("its footer has a number of more than ten bytes")

    def binary(self) -> bytes:
        """Bytes behind their length."""
        start = self._pass(self.varint())
        return self._data[start : self._at]

    def head(self) -> tuple[int, int]:
        """The type of the items of a list, and how many there are."""
        byte = self._byte()
        return byte & 0x0F, self.varint() if byte >> 4 == 0x0F else byte >> 4

    def fields(self) -> Iterator[tuple[int, int]]:
        """Number and type of each field of a struct. The value is there to be read or skipped."""
        number = 0
        while byte := self._byte():
            delta = byte >> 4
            if delta:
                number += delta
            else:
                coded = self.varint()
                number = coded >> 1 ^ -(coded & 1)
            yield number, byte & 0x0F

    def structs(self, wanted: int) -> Iterator[None]:
        """Stops at each struct of the list that is this field; it is there to be read wholly."""
        for number, kind in self.fields():
            if (number, kind) != (wanted, _LIST):
                self.skip(kind)
                continue
            of, count = self.head()
            if of != _STRUCT:
                raise RecordError("its footer has a list of something else than structs")
            for _ in range(count):
                yield

    def skip(self, kind: int, depth: int = 0) -> None:
        """Pass over the value of a field of this type."""
        if kind not in (_TRUE, _FALSE):
            self._skip(kind, depth)

    def _skip(self, kind: int, depth: int) -> None:
        """Pass over a value: in a list or a map, also a truth value has its byte."""
        if kind in _NUMBERS:
            self.varint()
        elif kind == _BINARY:
            self._pass(self.varint())
        elif kind in _SIZES:
            self._pass(_SIZES[kind])
        elif depth == _DEEPEST:
            raise RecordError("its footer is nested too deeply")
        elif kind == _STRUCT:
            for _, inner in self.fields():
                self.skip(inner, depth + 1)
        elif kind in (_LIST, _SET):
            of, count = self.head()
            for _ in range(count):
                self._skip(of, depth + 1)
        elif kind == _MAP:
            count = self.varint()
            kinds = self._byte() if count else 0
            for _ in range(count):
                self._skip(kinds >> 4, depth + 1)
                self._skip(kinds & 0x0F, depth + 1)
        else:
            raise RecordError(f"its footer has a value of the unknown type {kind}")

    def _byte(self) -> int:
        at = self._at
        if at == len(self._data):
            raise RecordError(_CUT_OFF)
        self._at = at + 1
        return self._data[at]

    def _pass(self, size: int) -> int:
        """Where the next bytes begin, and the cursor behind them."""
        start = self._at
        if size > len(self._data) - start:
            raise RecordError(_CUT_OFF)
        self._at = start + size
        return start
