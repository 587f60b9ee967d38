"""What the columns of a stream are, as its first record says, and which records differ from it.

Promises to whoever reads: a column has one dtype and one shape of rows in every batch. Nothing is
converted to make it so; a record that does not fit is a fault.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sm_container.records.batch import FEATURES, Column
from sm_container.records.csr import Csr
from sm_container.records.tensors.parts import Group, Numbers, Objects
from sm_container.records.tensors.places import Section, place_of

_SECTIONS = list(Section)

Faults: TypeAlias = "dict[int, str]"
"""What is wrong with a record, by its number in the block."""


@dataclass(frozen=True)
class _Dense:
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


@dataclass
class _Sparse:
    dtype: np.dtype[Any]
    width: int | None
    seen: int = 0
    """The width as the keys alone tell it, where no record says it."""


@dataclass(frozen=True)
class _Objects:
    kind: type[str] | type[bytes]
    shape: tuple[int, ...]


_Kind: TypeAlias = _Dense | _Sparse | _Objects


class Layout:
    """The columns of one stream. Grows by columns of objects only, which records may lack."""

    def __init__(self) -> None:
        self._kinds: dict[str, _Kind] = {}
        self._ordered: list[str] = []
        self._is_open = False

    def fitting(self, groups: list[Group], faults: Faults) -> list[Group]:
        """The groups without the records that do not fit; what is wrong with those in ``faults``.

        The first record that can be read says what the columns are.
        """
        for group in groups:
            if not group.parts:
                _blame(group.rows, "it is empty", faults)
        filled = (group for group in groups if group.parts)
        groups = sorted(filled, key=lambda group: int(group.rows[0]))
        if groups and not self._is_open:
            self._open(groups)
        kept = []
        for group in groups:
            before = len(faults)
            self._check(group, faults)
            if len(faults) > before:
                good = [at for at, row in enumerate(group.rows.tolist()) if row not in faults]
                group = group.take(np.array(good, np.int64))
            if len(group.rows):
                kept.append(group)
        return kept

    def columns(self, groups: list[Group]) -> dict[str, Column]:
        """The groups' records as columns, in the order of the records' numbers.

        Dense ones may be views of the block.
        """
        if not groups:
            return {}
        order = _Order([group.rows for group in groups])
        return {
            name: self._column(name, self._kinds[name], groups, order) for name in self._names()
        }

    def _names(self) -> list[str]:
        """The columns in the order of a record's fields."""
        if len(self._ordered) < len(self._kinds):
            self._ordered = sorted(self._kinds, key=_section_of)
        return self._ordered

    def _open(self, groups: list[Group]) -> None:
        self._is_open = True
        for name, part in groups[0].parts.items():
            if isinstance(part, Numbers):
                # An empty tensor may be a row of anything: what it is a row of, others say.
                others = (group.parts.get(name) for group in groups)
                telling = (other for other in others if _is_telling(other))
                self._kinds[name] = _kind_of(name, next(telling, part))
            else:
                self._kinds[name] = _kind_of(name, part)

    def _check(self, group: Group, faults: Faults) -> None:
        for name, kind in self._kinds.items():
            if name not in group.parts and not isinstance(kind, _Objects):
                _blame(group.rows, f"it has no {name!r}, which the records before it have", faults)
        for name, part in group.parts.items():
            if name not in self._kinds:
                if isinstance(part, Numbers):
                    what = f"it has {name!r}, which the records before it do not have"
                    _blame(group.rows, what, faults)
                    continue
                self._kinds[name] = _kind_of(name, part)
            kind = self._kinds[name]
            if isinstance(part, Objects):
                _check_objects(name, kind, part, group.rows, faults)
            elif isinstance(kind, _Objects):
                what = f"{name!r} is {part.values.dtype}, and {kind.kind.__name__} before it"
                _blame(group.rows, what, faults)
            elif part.values.dtype != kind.dtype:
                what = f"{name!r} is {part.values.dtype}, and {kind.dtype} in the records before it"
                _blame(group.rows, what, faults)
            elif isinstance(kind, _Dense):
                _check_dense(name, kind, part, group.rows, faults)
            else:
                _check_sparse(name, kind, part, group.rows, faults)

    def _column(self, name: str, kind: _Kind, groups: list[Group], order: _Order) -> Column:
        parts = [group.parts.get(name) for group in groups]
        if isinstance(kind, _Objects):
            column = np.full((order.count, *kind.shape), None, object)
            for part, rows in zip(parts, order.places, strict=True):
                if isinstance(part, Objects):
                    column[rows] = part.values
            return column
        numbers = [part for part in parts if isinstance(part, Numbers)]
        if isinstance(kind, _Sparse):
            return _csr(numbers, order, kind)
        if len(numbers) == 1:
            return numbers[0].values.reshape(order.count, *kind.shape)
        column = np.empty((order.count, *kind.shape), kind.dtype)
        for part, rows in zip(numbers, order.places, strict=True):
            column[rows] = part.values.reshape(len(part), *kind.shape)
        return column


class _Order:
    """The places of the records of each group in a batch of all of them."""

    def __init__(self, rows: list[NDArray[np.int64]]) -> None:
        self.count = sum(map(len, rows))
        if len(rows) == 1:
            self.places: list[Any] = [slice(None)]
            return
        is_there = np.zeros(max(int(some[-1]) for some in rows) + 1, bool)
        for some in rows:
            is_there[some] = True
        place = np.cumsum(is_there) - 1
        self.places = [place[some] for some in rows]


def _section_of(column: str) -> int:
    return _SECTIONS.index(place_of(column).section)


def _is_telling(part: object) -> bool:
    return isinstance(part, Numbers) and (part.keys is not None or part.values.size > 0)


def _bare_shape(name: str, count: int) -> tuple[int, ...]:
    """The shape of a row of so many numbers that says none: a label of one is a number."""
    return () if count == 1 and name != FEATURES else (count,)


def _kind_of(name: str, part: Numbers | Objects | None) -> _Kind:
    assert part is not None
    if isinstance(part, Objects):
        return _Objects(part.kind, part.values.shape[1:])
    if part.keys is not None:
        return _Sparse(part.values.dtype, part.width)
    shape = _bare_shape(name, int(part.counts[0])) if part.shape is None else part.shape
    return _Dense(part.values.dtype, shape)


def _blame(rows: Iterable[Any], what: str, faults: Faults) -> None:
    for row in rows:
        faults.setdefault(int(row), what)


def _check_objects(
    name: str, kind: _Kind, part: Objects, rows: NDArray[np.int64], faults: Faults
) -> None:
    if not isinstance(kind, _Objects):
        what = f"{name!r} is {part.kind.__name__}, and {kind.dtype} in the records before it"
        _blame(rows, what, faults)
    elif part.kind is not kind.kind:
        what = f"{name!r} is {part.kind.__name__}, and {kind.kind.__name__} before it"
        _blame(rows, what, faults)
    elif part.values.shape[1:] != kind.shape:
        what = f"{name!r} has the shape {part.values.shape[1:]}, and {kind.shape} before it"
        _blame(rows, what, faults)


def _check_dense(
    name: str, kind: _Dense, part: Numbers, rows: NDArray[np.int64], faults: Faults
) -> None:
    if part.keys is not None:
        _blame(rows, f"{name!r} is sparse, and dense in the records before it", faults)
        return
    if part.shape is not None:
        if part.shape != kind.shape:
            shapes = f"{list(part.shape)}, and {list(kind.shape)} in the records before it"
            _blame(rows, f"{name!r} has the shape {shapes}", faults)
        return
    counts = part.counts
    count = int(counts[0])
    are_alike = part.values.ndim == 2 or (counts == count).all()
    if are_alike and _bare_shape(name, count) == kind.shape:
        return
    for row, count in zip(rows.tolist(), counts.tolist(), strict=True):
        if (shape := _bare_shape(name, count)) != kind.shape:
            shapes = f"{list(shape)}, and {list(kind.shape)} in the records before it"
            faults.setdefault(row, f"{name!r} has the shape {shapes}")


def _check_sparse(
    name: str, kind: _Sparse, part: Numbers, rows: NDArray[np.int64], faults: Faults
) -> None:
    if part.keys is None:
        if part.values.size or part.shape is not None:
            _blame(rows, f"{name!r} is dense, and sparse in the records before it", faults)
        return
    if part.width is not None:
        if kind.width is None and part.width >= kind.seen:
            kind.width = part.width
        if part.width != kind.width:
            widths = f"{part.width}, and {kind.width or kind.seen} in the records before it"
            _blame(rows, f"{name!r} has the width {widths}", faults)
            return
    if not len(part.keys):
        return
    # As unsigned numbers, keys from 2**63 on are large and not negative.
    largest = int(part.keys.view(np.uint64).max())
    width = (1 << 63) - 1 if kind.width is None else kind.width
    if largest < width:
        kind.seen = max(kind.seen, largest + 1)
        return
    wrong = np.flatnonzero(part.keys.view(np.uint64) >= width)
    owners = np.searchsorted(np.cumsum(part.counts), wrong, side="right")
    for row, at in zip(rows[owners].tolist(), wrong.tolist(), strict=True):
        key = int(part.keys.view(np.uint64)[at])
        faults.setdefault(row, f"{name!r} has the key {key}, and its width is {width}")


def _csr(numbers: list[Numbers], order: _Order, kind: _Sparse) -> Csr:
    """The rows of all groups as one matrix."""
    counts = np.empty(order.count, np.int64)
    for part, rows in zip(numbers, order.places, strict=True):
        counts[rows] = part.counts
    indptr = np.zeros(order.count + 1, np.int64)
    np.cumsum(counts, out=indptr[1:])
    width = kind.seen if kind.width is None else kind.width
    filled = [part for part in numbers if part.values.size]
    if len(filled) <= 1:  # empty rows, wherever they stand, do not change the order of the rest
        data = filled[0].flat if filled else np.empty(0, kind.dtype)
        keys = filled[0].keys if filled else None
        return Csr(data, np.empty(0, np.int64) if keys is None else keys, indptr, width)
    stacked = Csr(
        np.concatenate([part.flat for part in numbers]),
        np.concatenate([_keys(part) for part in numbers]),
        np.concatenate(([0], np.cumsum(np.concatenate([part.counts for part in numbers])))),
        width,
    )
    return stacked.take(np.argsort(np.concatenate(order.places)))


def _keys(part: Numbers) -> NDArray[np.int64]:
    return np.empty(0, np.int64) if part.keys is None else part.keys
