"""The format application/x-parquet, by pyarrow: columns with names of their own.

A file is read from its end, so it cannot come out of a FIFO piece by piece: in Pipe mode each
object must be a record (RecordWrapperType RecordIO).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

from sm_container.records.arrow import from_arrow, pyarrow, to_arrow
from sm_container.records.batch import Batch
from sm_container.records.errors import FormatError, OnFault, RecordError
from sm_container.records.faults import end, is_left_out
from sm_container.records.format import Readable, Record, Source
from sm_container.records.parquet_footer import columns_with_nulls
from sm_container.records.rows import records_of

if TYPE_CHECKING:
    import pyarrow.parquet as pq

_READ = 1 << 20
_GROUP = 64 << 20


@dataclass(frozen=True)
class Parquet:
    """Columns as Arrow has them, in arrays of the same types; ``columns`` are the wanted ones, all
    by default. Reading needs memory for ``rows`` rows and a window of 1 MiB a column.
    """

    content_type: ClassVar[str] = "application/x-parquet"
    is_concatenable: ClassVar[bool] = False

    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self.columns))

    def batches(
        self, source: Source, name: str, *, rows: int, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Batch]:
        """The rows in batches. Integer columns that have a null anywhere are float64 throughout.

        A damaged file is one fault, not one a record: with STOP or SKIP the pass ends there.
        Raises FormatError without pyarrow, and for a source that cannot be sought in.
        """
        pa = pyarrow("parquet")
        if isinstance(source, Readable) and not _can_seek(source):
            raise FormatError(
                f"{name}: parquet is read from its end and this is a stream; use File or FastFile "
                "mode, or RecordWrapperType RecordIO, which makes each object one record"
            )
        try:
            yield from self._read(pa, source, name, rows)
        except (pa.ArrowException, OSError, UnicodeDecodeError, RecordError) as said:
            if isinstance(said, OSError) and said.errno is not None:
                raise
            fault = RecordError(f"no parquet that can be read: {said}", source=name)
            if not is_left_out(fault, on_fault):
                end(fault, on_fault)

    def records(
        self, source: Source, name: str, *, on_fault: OnFault = OnFault.RAISE
    ) -> Iterator[Record]:
        """The rows one by one."""
        return records_of(self.batches(source, name, rows=1 << 14, on_fault=on_fault))

    def write(self, batches: Iterable[Batch], sink: BinaryIO) -> int:
        """Write the columns, in row groups of about 64 MiB.

        Raises FormatError for columns of another type than those of the first batch.
        """
        pa = pyarrow("parquet")
        import pyarrow.parquet as pq

        writer: pq.ParquetWriter | None = None
        held: list[Any] = []
        count = size = 0
        try:
            for batch in batches:
                table = to_arrow(batch)
                if writer is None:
                    writer = pq.ParquetWriter(sink, table.schema)
                held.append(_suited(pa, table, writer.schema))
                count += batch.rows
                size += table.nbytes
                if size >= _GROUP:
                    writer.write_table(pa.concat_tables(held))
                    held, size = [], 0
            if held and writer is not None:
                writer.write_table(pa.concat_tables(held))
            if writer is None:  # without rows no columns are known, and no bytes are no file
                writer = pq.ParquetWriter(sink, pa.schema([]))
        finally:
            if writer is not None:
                writer.close()
        return count

    def _read(self, pa: Any, source: Source, name: str, rows: int) -> Iterator[Batch]:
        import pyarrow.parquet as pq

        if isinstance(source, Readable):
            opened = pa.PythonFile(source, mode="r")
        else:
            opened = pa.BufferReader(pa.py_buffer(source))
        with pq.ParquetFile(opened, buffer_size=_READ, pre_buffer=False) as file:
            missing = [each for each in self.columns if each not in file.schema_arrow.names]
            if missing:
                raise FormatError(
                    f"{name}: no column {', '.join(missing)}; "
                    f"it has {', '.join(file.schema_arrow.names)}"
                )
            may_be_floats = _may_be_floats(pa, file.schema_arrow)
            nulls = columns_with_nulls(opened) if may_be_floats else set()
            wanted = list(self.columns) or None
            for part in file.iter_batches(batch_size=rows, columns=wanted):
                if part.num_rows:
                    batch = from_arrow(part, with_nulls=nulls)
                    yield Batch({each: batch[each] for each in self.columns or batch})


def _can_seek(source: Readable) -> bool:
    seekable = getattr(source, "seekable", None)
    return seekable is not None and bool(seekable())


def _may_be_floats(pa: Any, schema: Any) -> bool:
    """Whether some column is of integers, or may be inside, and so of floats with a null."""
    types = pa.types
    return any(
        types.is_integer(field.type)
        or types.is_dictionary(field.type)
        or isinstance(field.type, pa.BaseExtensionType)
        for field in schema
        if field.nullable
    )


def _suited(pa: Any, table: Any, schema: Any) -> Any:
    if table.schema.equals(schema, check_metadata=True):
        return table
    if table.schema.names != schema.names:
        raise FormatError(f"rows of {schema.names} are followed by some of {table.schema.names}")
    try:
        return table.cast(schema)
    except (pa.ArrowException, ValueError) as fault:
        raise FormatError(f"rows of another type than the first follow: {fault}") from fault
