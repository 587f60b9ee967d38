"""The format text/libsvm: ``label index:value ...`` a line, into sparse rows.

Indices are taken as they stand, from 0 as XGBoost counts; a file that counts from 1 has an empty
column 0. ``qid:N`` behind the label becomes the column ``qid``; what follows a ``#`` is a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, ClassVar

import numpy as np
from numpy.typing import NDArray

from sm_container.records.batch import FEATURES, LABEL, Batch
from sm_container.records.csr import Csr
from sm_container.records.errors import FormatError, OnFault, RecordError
from sm_container.records.faults import end, is_left_out
from sm_container.records.format import Record, Source
from sm_container.records.rows import cut, records_of
from sm_container.records.text.lines import (
    Place,
    blocks_of_lines,
    lines_of,
    without_byte_order_mark,
)
from sm_container.records.text.numbers import LineError, matrix, number

QID = "qid"
_COMMENT = re.compile(rb"#[^\n]*")
_QID = re.compile(rb"(?<=[ \t])qid:")
_AS_LINES = bytes.maketrans(b" \t\r:", b"\n\n\n\n")
_IS_SPACE = np.isin(np.arange(256), list(b" \t\r\n"))
_LARGEST = 2**53


@dataclass(frozen=True)
class Libsvm:
    """Sparse rows. ``columns`` is the width of every batch; 0 makes it as wide as the batch's
    largest index asks. ``dtype`` is float32 or float64.
    """

    content_type: ClassVar[str] = "text/libsvm"
    is_concatenable: ClassVar[bool] = True

    columns: int = 0
    dtype: str = "float32"

    def __post_init__(self) -> None:
        if self.columns < 0:
            raise FormatError(f"columns is {self.columns}, and cannot be below 0")
        if self.dtype not in ("float32", "float64"):
            raise FormatError(f"dtype is {self.dtype!r}, and must be float32 or float64")

    def batches(
        self, source: Source, name: str, *, rows: int, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Batch]:
        """``features`` as Csr, ``label``, and ``qid`` where the first row has one."""
        index = 0
        has_qid: bool | None = None
        for whole in blocks_of_lines(source, name):
            offset, block = without_byte_order_mark(*whole)
            read, fault = _parsed(block, self.columns), None
            if has_qid is None:
                first = next(_rows(block, self.columns), (0, LineError()))[1]
                has_qid = isinstance(first, _Row) and first.qid is not None
            if read is None or (read.qid is not None) != has_qid:
                found = _rows(block, self.columns, has_qid)
                read, index, fault = _kept(found, Place(name, index, offset), on_fault)
            else:
                index += len(read.label)
            batch = self._batch(read, has_qid)
            yield from cut(batch, rows)
            if fault is not None:
                return end(fault, on_fault)

    def records(
        self, source: Source, name: str, *, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Record]:
        """The rows one by one, the features each a Csr of one row."""
        return records_of(self.batches(source, name, rows=1 << 14, on_fault=on_fault))

    def write(self, batches: Iterable[Batch], sink: BinaryIO) -> int:
        """Write ``features`` (dense ones without their zeros), ``label`` and ``qid``."""
        return sum(_write(batch, sink) for batch in batches)

    def _batch(self, read: _Parsed, has_qid: bool) -> Batch:
        width = self.columns or int(read.indices.max(initial=-1)) + 1
        features = Csr(read.values.astype(self.dtype), read.indices, read.indptr, width)
        columns: dict[str, Any] = {FEATURES: features, LABEL: read.label.astype(self.dtype)}
        if has_qid:
            columns[QID] = np.empty(0, np.int64) if read.qid is None else read.qid
        return Batch(columns)


@dataclass(frozen=True, eq=False)
class _Parsed:
    label: NDArray[np.float64]
    indptr: NDArray[np.int64]
    indices: NDArray[np.int64]
    values: NDArray[np.float64]
    qid: NDArray[np.int64] | None


@dataclass(frozen=True)
class _Row:
    label: float
    indices: list[int]
    values: list[float]
    qid: int | None


def _parsed(block: bytes, columns: int) -> _Parsed | None:
    """All rows of the block at once; None where a line is not as it should be.

    Each token but a line's first has one colon. Then the numbers stand in a known order: in line
    l, whose first token is the f-th of the block, the label is number 2f - l.
    """
    if b'"' in block:
        return None  # csv's, and no part of a number here
    if b"#" in block:
        block = _COMMENT.sub(b"", block)
    with_qid = _QID.subn(b"-1:", block) if b"qid:" in block else (block, 0)
    block, qids = with_qid[0] + b"\n", with_qid[1]
    data = np.frombuffer(block, np.uint8)
    is_space = _IS_SPACE[data]
    begins = ~is_space
    begins[1:] &= is_space[:-1]
    tokens_up_to = np.cumsum(begins, dtype=np.int64)
    count = int(tokens_up_to[-1])
    tokens = np.diff(tokens_up_to[data == ord("\n")], prepend=0)
    tokens = tokens[tokens > 0]
    first = np.cumsum(tokens) - tokens
    has_colon = np.zeros(count, bool)
    colons = tokens_up_to[data == ord(":")] - 1
    if len(colons) != count - len(first) or (len(colons) and colons[0] < 0):
        return None
    has_colon[colons] = True
    if has_colon[first].any() or int(has_colon.sum()) != len(colons):
        return None
    try:
        numbers = matrix(block.translate(_AS_LINES), 1, ",", "float64")[:, 0]
    except ValueError:
        return None
    if len(numbers) != count + len(colons):
        return None
    labels = 2 * first - np.arange(len(first))
    is_pair = np.ones(len(numbers), bool)
    is_pair[labels] = False
    pairs = numbers[is_pair].reshape(-1, 2)
    indptr = np.concatenate(([0], np.cumsum(tokens - 1)))
    return _checked(_Parsed(numbers[labels], indptr, *_split(pairs), None), pairs, qids, columns)


def _split(pairs: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    with np.errstate(invalid="ignore"):
        return pairs[:, 0].astype(np.int64), pairs[:, 1]


def _checked(read: _Parsed, pairs: NDArray[np.float64], qids: int, columns: int) -> _Parsed | None:
    """The rows with their qid apart; None where an index or a qid cannot be one."""
    if not (pairs[:, 0] == read.indices).all() or np.isnan(read.label).any():
        return None
    indptr, indices, values = read.indptr, read.indices, read.values
    qid = None
    if qids:
        is_qid = indices == -1
        starts = indptr[:-1]
        in_place = bool((np.diff(indptr) > 0).all()) and bool(is_qid[starts].all())
        with np.errstate(invalid="ignore"):
            qid = values[is_qid].astype(np.int64)
        if not in_place or int(is_qid.sum()) != qids or qids != len(starts):
            return None
        if not (qid == values[is_qid]).all() or qid.min() < 0:
            return None
        indices, values = indices[~is_qid], values[~is_qid]
        indptr = indptr - np.arange(len(indptr))
    if len(indices) and not (indices.min() >= 0 and indices.max() < (columns or _LARGEST)):
        return None
    return _Parsed(read.label, indptr, np.ascontiguousarray(indices), values.copy(), qid)


def _rows(
    block: bytes, columns: int, has_qid: bool | None = None
) -> Iterator[tuple[int, _Row | LineError]]:
    """Each line's first byte, and its row or what is wrong with it."""
    for start, line in lines_of(block):
        words = line.split(b"#", 1)[0].split()
        if words:
            try:
                yield start, _row([word.decode() for word in words], columns, has_qid)
            except UnicodeDecodeError:
                yield start, LineError("not text of numbers")
            except LineError as fault:
                yield start, fault


def _row(words: list[str], columns: int, has_qid: bool | None) -> _Row:
    label = number(words[0], 0)
    if label != label:
        raise LineError("the label is no number")
    qid = None
    pairs = words[1:]
    if pairs and pairs[0].startswith("qid:"):
        qid = _whole(pairs.pop(0)[4:], "qid")
    if has_qid is not None and (qid is not None) != has_qid:
        raise LineError("qid stands in all lines or in none")
    indices, values = [], []
    for at, pair in enumerate(pairs, 1):
        key, colon, value = pair.partition(":")
        if not colon:
            raise LineError(f"field {at} is {pair[:40]!r}, and not index:value")
        index = _whole(key, "the index")
        if columns and index >= columns:
            raise LineError(f"the index {index} is not below columns={columns}")
        indices.append(index)
        values.append(number(value, at) if value else _missing(at))
    return _Row(label, indices, values, qid)


def _missing(at: int) -> float:
    raise LineError(f"field {at} has no value behind its colon")


def _whole(text: str, what: str) -> int:
    value = number(text, 0) if text else -1.0
    if not 0 <= value < _LARGEST or value != int(value):
        raise LineError(f"{what} is {text[:40]!r}, and must be a whole number from 0 on")
    return int(value)


def _kept(
    found: Iterator[tuple[int, _Row | LineError]], place: Place, on_fault: OnFault
) -> tuple[_Parsed, int, RecordError | None]:
    """The rows that can be read, the number of the next, and the fault that ends the pass."""
    rows: list[_Row] = []
    index, ending = place.index, None
    for start, row in found:
        if isinstance(row, LineError):
            fault = place.fault(str(row), index, start)
            if not is_left_out(fault, on_fault):
                ending = fault
                break
        else:
            rows.append(row)
        index += 1
    qid = [row.qid for row in rows if row.qid is not None]
    lengths = [len(row.indices) for row in rows]
    read = _Parsed(
        np.array([row.label for row in rows], np.float64),
        np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
        np.array([each for row in rows for each in row.indices], np.int64),
        np.array([each for row in rows for each in row.values], np.float64),
        np.array(qid, np.int64) if qid else None,
    )
    return read, index, ending


def _write(batch: Batch, sink: BinaryIO) -> int:
    others = [name for name in batch if name not in (FEATURES, LABEL, QID)]
    if others or FEATURES not in batch:
        raise FormatError(
            f"libsvm holds {FEATURES!r}, {LABEL!r} and {QID!r}, not {', '.join(batch)}"
        )
    if LABEL not in batch:
        raise FormatError(f"the records have no {LABEL!r}, with which a line of libsvm begins")
    label, features = batch[LABEL], batch[FEATURES]
    if isinstance(label, Csr) or label.ndim != 1 or label.dtype.kind not in "biuf":
        raise FormatError(f"the column {LABEL!r} is not one number a row")
    if label.dtype.kind == "f" and np.isnan(label).any():
        raise FormatError(f"the column {LABEL!r} has nan, which is no label of libsvm")
    if isinstance(features, np.ndarray):
        features = _sparse(features)
    if features.data.dtype.kind not in "biuf":
        raise FormatError(f"the column {FEATURES!r} is of {features.data.dtype}, not of numbers")
    heads = _texts(label)
    qids = batch.get(QID)
    if qids is not None:
        if isinstance(qids, Csr) or qids.dtype.kind not in "iu":
            raise FormatError(f"the column {QID!r} is not of integers")
        heads = [f"{head} qid:{qid}" for head, qid in zip(heads, qids, strict=True)]
    pairs = [
        f"{index}:{value}"
        for index, value in zip(features.indices.tolist(), _texts(features.data), strict=True)
    ]
    ends = features.indptr.tolist()
    lines = [
        " ".join([head, *pairs[start:end]])
        for head, start, end in zip(heads, ends, ends[1:], strict=False)
    ]
    sink.write("".join(f"{line}\n" for line in lines).encode())
    return batch.rows


def _sparse(features: NDArray[Any]) -> Csr:
    if features.ndim != 2 or features.dtype.kind not in "biuf":
        raise FormatError(f"the column {FEATURES!r} is no matrix of numbers")
    rows, indices = np.nonzero(features)
    indptr = np.searchsorted(rows, np.arange(len(features) + 1)).astype(np.int64)
    return Csr(features[rows, indices], indices.astype(np.int64), indptr, features.shape[1])


def _texts(numbers: NDArray[Any]) -> list[str]:
    """The shortest digits that give the same numbers."""
    if numbers.dtype.kind == "b":
        numbers = numbers.astype(np.uint8)
    texts: list[str] = numbers.astype(str).tolist()
    return texts
