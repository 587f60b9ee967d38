"""The first records of a file as a person reads them, or as JSON."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from sm_container.cli.recordio.opening import opened
from sm_container.cli.stream import Stream
from sm_container.cli.text import one_line
from sm_container.harness.sizes import size
from sm_container.records.csr import Csr
from sm_container.records.format import Record

_SHOWN = 6
_HEX = 32


def print_head(file: str, content_type: str | None, count: int, *, as_json: bool) -> None:
    """Show the first ``count`` records. Raises RecordError, FormatError."""
    out = Stream(sys.stdout)
    with opened(file, content_type) as given:
        records = itertools.islice(given.format.records(given.source, given.name), count)
        if as_json:
            out.line(json.dumps([_plain(dict(record)) for record in records], indent=2))
            return
        for number, record in enumerate(records):
            for line in _lines(number, record):
                out.line(line)


def _lines(number: int, record: Record) -> Iterator[str]:
    head = f"{number}  "
    width = max(map(len, record), default=0)
    for name, value in record.items():
        yield f"{head}{one_line(name, 80):{width}}  {_shown(value)}"
        head = " " * len(head)


def _shown(value: Any) -> str:
    """One value on one line, long ones abbreviated behind their type and shape."""
    if isinstance(value, Csr):
        pairs = zip(value.indices[:_SHOWN], value.data[:_SHOWN], strict=True)
        shown = [f"{index}:{entry:g}" for index, entry in pairs]
        more = ["…"] if len(value.data) > _SHOWN else []
        return " ".join([f"{value.dtype}[{value.columns}], sparse:", *shown, *more])
    if isinstance(value, np.ndarray) and value.ndim and value.dtype != object:
        flat = value.reshape(-1)
        shown = [_number(each) for each in flat[:_SHOWN]]
        more = ["…"] if len(flat) > _SHOWN else []
        return " ".join([f"{value.dtype}{list(value.shape)}:", *shown, *more])
    if isinstance(value, bytes):
        more = ["…"] if len(value) > _HEX else []
        return " ".join([f"{size(len(value))}:", value[:_HEX].hex(" ", 4), *more])
    if isinstance(value, np.generic):
        return _number(value)
    return one_line(value if isinstance(value, str) else str(_plain(value)))


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, np.floating) else str(value)


def _plain(value: Any) -> Any:
    """The value as JSON has it: bytes as their number and their first ones in hex, nan as null."""
    if isinstance(value, Csr):
        return {
            "columns": value.columns,
            "indices": value.indices.tolist(),
            "values": _plain(value.data),
        }
    if isinstance(value, np.ndarray | np.generic):
        if value.dtype.kind in "mM":
            return value.astype(str).tolist()
        return _plain(value.tolist())
    if isinstance(value, bytes):
        return {"bytes": len(value), "hex": value[:_HEX].hex()}
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None if value != value else str(value)
    return value if isinstance(value, str | int | float | None) else str(value)
