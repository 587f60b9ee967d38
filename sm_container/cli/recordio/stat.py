"""What is in a file of records: how many, how long, which columns, and the label's range."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sm_container.cli.recordio.guess import payload_kind
from sm_container.cli.recordio.opening import Opened, opened
from sm_container.cli.stream import Stream
from sm_container.cli.text import one_line
from sm_container.harness.sizes import size
from sm_container.records.batch import LABEL, Batch, Column
from sm_container.records.csr import Csr
from sm_container.records.frames import Frames
from sm_container.records.framing import HEADER
from sm_container.records.recordio import RecordIOFormat, read_frames
from sm_container.records.tensors.format import TensorFormat

_ROWS = 1 << 14
_SHOWN = 4
_LOOKED_AT = 100


@dataclass
class _Framing:
    """The records of RecordIO by their frames: lengths in bytes of their payloads."""

    records: int = 0
    shortest: int = 0
    longest: int = 0
    payload: int = 0
    multipart: int = 0
    kind: str = ""
    _expected: int = 0

    def counting(self, blocks: Iterable[Frames]) -> Iterator[Frames]:
        """The same blocks, whose records are counted as they pass."""
        for frames in blocks:
            self._add(frames)
            yield frames

    def _add(self, frames: Frames) -> None:
        lengths = frames.lengths
        if not len(frames):
            return
        self.end(int(frames.offsets[0]))
        whole = HEADER.size + (lengths + 3 & ~3)
        self.multipart += int((np.diff(frames.offsets) != whole[:-1]).sum())
        self._expected = int(frames.offsets[-1] + whole[-1])
        if not self.kind:
            self.kind = payload_kind(bytes(frames.payload(0)[:64]))
        self.shortest = min(self.shortest if self.records else int(lengths[0]), int(lengths.min()))
        self.longest = max(self.longest, int(lengths.max()))
        self.payload += int(lengths.sum())
        self.records += len(frames)

    def end(self, offset: int) -> None:
        """The last record ends at this byte: a longer way than its one frame is of several."""
        self.multipart += offset != self._expected

    def document(self) -> dict[str, Any]:
        mean = self.payload / self.records if self.records else 0
        return {
            "PayloadBytes": {"min": self.shortest, "mean": round(mean, 1), "max": self.longest},
            "MultipartRecords": self.multipart,
            "PayloadKind": self.kind or "opaque",
        }


@dataclass
class _Seen:
    """What the values of one column were."""

    dtypes: dict[str, None] = field(default_factory=dict)
    shapes: dict[str, None] = field(default_factory=dict)
    is_sparse: bool = False
    entries: int = 0
    low: float | None = None
    high: float | None = None

    def add(self, column: Column, *, with_range: bool) -> None:
        if column.dtype == object:
            kinds = {type(each).__name__: None for each in np.asarray(column)[:_LOOKED_AT]}
            self.dtypes |= kinds
        else:
            self.dtypes[str(column.dtype)] = None
        self.shapes[str(list(column.shape[1:]))] = None
        if isinstance(column, Csr):
            self.is_sparse = True
            self.entries += len(column.data)
        elif with_range and column.dtype.kind in "biuf" and column.size:
            known = column[~np.isnan(column)] if column.dtype.kind == "f" else column
            if known.size:
                low, high = float(known.min()), float(known.max())
                self.low = low if self.low is None else min(self.low, low)
                self.high = high if self.high is None else max(self.high, high)

    def document(self) -> dict[str, Any]:
        said: dict[str, Any] = {
            "DTypes": list(self.dtypes),
            "Shapes": [json.loads(shape) for shape in self.shapes],
        }
        if self.is_sparse:
            said |= {"Sparse": True, "Entries": self.entries}
        if self.low is not None:
            said["Range"] = [self.low, self.high]
        return said


def print_stat(file: str, content_type: str | None, *, as_json: bool) -> None:
    """Read all of a file, or of the input for ``-``, and describe it.

    Raises RecordError, FormatError.
    """
    out = Stream(sys.stdout)
    with opened(file, content_type) as given:
        document = _document(given)
    if as_json:
        document = {"File": file, **document}
        out.line(json.dumps(document, indent=2))
        return
    rows = list(_rows(document))
    width = max(len(label) for label, _ in rows)
    for label, text in rows:
        out.line(f"{label:{width}}  {text}".rstrip())


def _document(given: Opened) -> dict[str, Any]:
    """What is in a source, which is read once."""
    form, framing = given.format, _Framing()
    if isinstance(form, TensorFormat | RecordIOFormat):
        frames = read_frames(given.source, given.name, multipart=form.multipart)
        batches = form.batches_of(framing.counting(frames), rows=_ROWS)
    else:
        batches = form.batches(given.source, given.name, rows=_ROWS)
    records, columns = _columns(batches)
    size = given.size()
    document: dict[str, Any] = {"ContentType": form.content_type, "Bytes": size}
    if isinstance(form, TensorFormat | RecordIOFormat):
        framing.end(size)
        document |= framing.document()
    document["Records"] = records
    document["Columns"] = {name: seen.document() for name, seen in columns.items()}
    return document


def _columns(batches: Iterable[Batch]) -> tuple[int, dict[str, _Seen]]:
    records = 0
    columns: dict[str, _Seen] = {}
    for batch in batches:
        records += batch.rows
        for name, column in batch.items():
            columns.setdefault(name, _Seen()).add(column, with_range=name == LABEL)
    return records, columns


def _rows(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "content type", document["ContentType"]
    yield "records", f"{document['Records']:,}"
    yield "size", size(document["Bytes"])
    if "PayloadKind" in document:
        lengths = document["PayloadBytes"]
        yield "payloads", document["PayloadKind"]
        yield (
            "lengths",
            f"{lengths['min']} to {lengths['max']} bytes, {lengths['mean']} in the mean",
        )
        yield "multi-part", str(document["MultipartRecords"])
    for name, seen in document["Columns"].items():
        yield one_line(name, 80), _column(seen)


def _column(seen: dict[str, Any]) -> str:
    shapes = [str(shape) if shape else "" for shape in seen["Shapes"]]
    text = " or ".join(seen["DTypes"]) + " or ".join(shapes[:_SHOWN])
    if len(shapes) > _SHOWN:
        text += f" and {len(shapes) - _SHOWN} shapes more"
    if seen.get("Sparse"):
        text += f", sparse, {seen['Entries']:,} entries"
    if "Range" in seen:
        text += ", {:g} to {:g}".format(*seen["Range"])
    return text
