"""The data of a channel, from what a test has at hand: arrays, frames, records, files, folders.

What is not a file yet is written in the channel's content type, as the harness's user would find
it in S3.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

import numpy as np

from sm_container.records.batch import DATA, FEATURES, LABEL, Batch, objects
from sm_container.records.convert import bridged
from sm_container.records.csr import Csr
from sm_container.records.formats import format_of, suffix_of

DEFAULT_CONTENT_TYPE = "text/csv"


@dataclass(frozen=True, eq=False)  # arrays are not compared
class Data:
    """The data of one channel, and how the job is to get it.

    ``value`` is one of:

    - a path or URI: a file or folder that is there, ``s3://bucket/prefix``
    - ``(X, y)`` or ``X``: arrays with a row a record, ``X`` dense or scipy's sparse; of ``y`` each
      is the record's label. ``X`` alone has no labels
    - a mapping of columns, a pandas DataFrame, a pyarrow Table or a Batch
    - a sequence of mappings, one a record, or of bytes, one a record's payload
    - a mapping of file names, which may have folders in them, to their bytes or text

    ``content_type`` is how it is written, and the channel's ContentType; None for the one that the
    algorithm declares, or ``text/csv``. ``files`` is how many files records are spread over.
    ``mode`` is the channel's own InputMode. The others are CreateTrainingJob's Channel, by its
    names in lower case; with ``compression="Gzip"`` what is written is packed.
    """

    value: Any
    content_type: str | None = None
    files: int = 1
    mode: str | None = None
    compression: str | None = None
    record_wrapper: str | None = None
    distribution: str = "FullyReplicated"
    shuffle_seed: int | None = None
    data_type: str = "S3Prefix"
    attributes: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: Any) -> Data:
        """What a test gave for a channel."""
        return given if isinstance(given, cls) else cls(given)

    @property
    def is_there(self) -> bool:
        """Whether it is a path or a URI, and nothing has to be written."""
        return isinstance(self.value, str | os.PathLike)

    def channel(self, name: str, uri: str, content_type: str | None) -> dict[str, Any]:
        """The Channel document of this data at a URI."""
        source: dict[str, Any] = {
            "S3DataType": self.data_type,
            "S3Uri": uri,
            "S3DataDistributionType": self.distribution,
        }
        if self.attributes:
            source["AttributeNames"] = list(self.attributes)
        optional = {
            "ContentType": content_type,
            "InputMode": self.mode,
            "CompressionType": self.compression,
            "RecordWrapperType": self.record_wrapper,
            "ShuffleConfig": None if self.shuffle_seed is None else {"Seed": self.shuffle_seed},
        }
        given = {member: value for member, value in optional.items() if value is not None}
        return {"ChannelName": name, "DataSource": {"S3DataSource": source}, **given}


def write_data(data: Data, folder: Path, content_type: str = DEFAULT_CONTENT_TYPE) -> None:
    """Write data that is not there yet below ``folder``, which is made.

    Raises:
        FormatError: where the content type cannot hold it.
        TypeError, ValueError: for a value that is none of those that ``Data`` names.
    """
    if data.data_type != "S3Prefix":
        raise TypeError(f"a {data.data_type} is a file that is there: give its path")
    folder.mkdir(parents=True)
    if _is_files(data.value):
        write_files(data.value, folder, _packed if data.compression == "Gzip" else bytes)
        return
    batch = as_batch(data.value)
    has_labels = LABEL in batch or FEATURES not in batch
    options: dict[str, Any] = {}
    if content_type.startswith("text/csv") and not has_labels:
        options["label_size"] = 0
    form = format_of(content_type, **options)
    suffix = suffix_of(content_type)
    for number, rows in enumerate(np.array_split(np.arange(batch.rows), data.files)):
        part = batch.slice(int(rows[0]), int(rows[-1]) + 1) if len(rows) else batch.slice(0, 0)
        with _created(folder / f"part-{number:05d}{suffix}", data.compression) as file:
            form.write(bridged([part], form), file)


def default_type(data: Data) -> str:
    """The content type where none is declared or given: who reads csv takes the first column for
    the label, unless it is told that there is none."""
    if _is_files(data.value):
        return DEFAULT_CONTENT_TYPE
    batch = as_batch(data.value)
    is_unlabelled = FEATURES in batch and LABEL not in batch
    return f"{DEFAULT_CONTENT_TYPE}; label_size=0" if is_unlabelled else DEFAULT_CONTENT_TYPE


def type_of_files(path: str | os.PathLike[str], known: Sequence[str]) -> str | None:
    """Which of the ``known`` content types files of this machine have, by their names: a stream has
    none that would tell. None where the names do not say one and the same."""
    place = Path(path)
    files = [place] if place.is_file() else [each for each in place.rglob("*") if each.is_file()]
    fitting = [
        content_type
        for content_type in known
        if (suffix := suffix_of(content_type)) and all(each.suffix == suffix for each in files)
    ]
    return fitting[0] if files and len(fitting) == 1 else None


def as_batch(value: Any) -> Batch:
    """A test's value as the records of one batch. Raises TypeError, ValueError."""
    if isinstance(value, Batch):
        return value
    if isinstance(value, tuple) and len(value) == 2:
        features, label = value
        return Batch({FEATURES: _matrix(features), LABEL: np.asarray(label)})
    if isinstance(value, np.ndarray) or _is_scipy(value):
        return Batch({FEATURES: _matrix(value)})
    if isinstance(value, Mapping):
        return Batch({name: _column(column) for name, column in value.items()})
    if hasattr(value, "to_pydict"):  # a pyarrow Table
        from sm_container.records.arrow import from_arrow

        return from_arrow(value)
    if hasattr(value, "columns") and hasattr(value, "iloc"):  # a pandas DataFrame
        return Batch({str(name): _column(value[name].to_numpy()) for name in value.columns})
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return _of_records(value)
    raise TypeError(
        f"a {type(value).__name__} is no data of a channel: give a path, (X, y), an array, "
        "columns by name, a DataFrame, a Table, records, or files by name"
    )


def _of_records(records: Sequence[Any]) -> Batch:
    if all(isinstance(each, bytes) for each in records):
        return Batch({DATA: objects(list(records))})
    if not all(isinstance(each, Mapping) for each in records):
        raise TypeError("records are mappings or bytes, all of them alike")
    names = dict.fromkeys(name for each in records for name in each)
    return Batch({name: _column([each.get(name) for each in records]) for name in names})


def _matrix(features: Any) -> Any:
    if _is_scipy(features):
        return Csr.from_scipy(features)
    found = np.asarray(features)
    return found.reshape(-1, 1) if found.ndim == 1 else found


def _column(values: Any) -> Any:
    if isinstance(values, Csr):
        return values
    found = np.asarray(values)
    return objects(list(values)) if found.dtype.kind in "USO" else found


def _is_scipy(value: Any) -> bool:
    return hasattr(value, "tocsr")


def _is_files(value: Any) -> bool:
    """Whether it is files by name: columns are arrays and never one text."""
    return isinstance(value, Mapping) and all(
        isinstance(content, bytes | str) for content in value.values()
    )


def write_files(
    files: Mapping[str, bytes | str], folder: Path, made: Callable[[bytes], bytes] = bytes
) -> None:
    """Write files by their names, which may have folders in them; ``made`` makes the bytes that
    are written of those that are given. Raises ValueError for a name that leads out of the
    folder."""
    for name, content in files.items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise ValueError(f"{name!r} is no name of a file within {folder.name}")
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(made(content.encode() if isinstance(content, str) else content))


def _packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def _created(path: Path, compression: str | None) -> BinaryIO:
    if compression == "Gzip":
        return cast(BinaryIO, gzip.GzipFile(path, "wb", mtime=0))
    return open(path, "wb")
