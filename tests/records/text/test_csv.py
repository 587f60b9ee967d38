"""csv of numbers, label first: what is read, what is refused and where, and the round trip."""

from __future__ import annotations

import gzip
import io
import logging
import random
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from sm_container.records.batch import Batch
from sm_container.records.csr import Csr
from sm_container.records.errors import FormatError, OnFault, RecordError
from sm_container.records.text import numbers
from sm_container.records.text.csv import Csv
from sm_container.records.text.lines import BLOCK
from tests.records.sources import Trickle, assert_same, whole


def read(form: Csv, data: bytes) -> Batch:
    batch = whole(form, data)
    assert_same(batch, whole(form, Trickle(data)))
    return batch


def test_the_label_stands_first() -> None:
    batch = read(Csv(), b"1,2,3\n4,5,6\n")

    np.testing.assert_array_equal(batch["features"], [[2, 3], [5, 6]])
    np.testing.assert_array_equal(batch["label"], [1, 4])
    assert {column.dtype for column in batch.values()} == {np.dtype(np.float32)}


def test_label_size_is_how_many_columns_are_labels() -> None:
    assert list(read(Csv(label_size=0), b"1,2\n")) == ["features"]
    two = read(Csv(label_size=2, dtype="float64"), b"1,2,3\n")
    np.testing.assert_array_equal(two["label"], [[1, 2]])
    np.testing.assert_array_equal(two["features"], [[3]])
    assert two["features"].dtype == np.float64


@pytest.mark.parametrize(
    "data",
    [
        b"1,2\n3,nan\n",
        b"1,2\n3,nan",
        b"1,2\r\n3,nan\r\n",
        b"\n1,2\n\n\n3,nan\n\n",
        b'"1","2"\n"3",""\n',
        b"1,2\n3,\n",
        b" 1 ,\t2\n3,NA\n",
        b"\xef\xbb\xbf1,2\n3,NaN\n",
        b"1e0,+2.0\n.3e1,null\n",
        b"1,2\n  \n3, \n",
    ],
)
def test_spellings_of_the_same_rows(data: bytes) -> None:
    batch = read(Csv(), data)

    np.testing.assert_array_equal(batch["label"], [1, 3])
    np.testing.assert_array_equal(batch["features"], [[2], [np.nan]])


def test_no_bytes_are_no_rows() -> None:
    assert list(Csv().batches(b"", "empty", rows=9)) == []
    assert sum(batch.rows for batch in Csv().batches(b"\n \n", "blank", rows=9)) == 0


@pytest.mark.parametrize("tail", [b"", b"wrong\n"], ids=["at once", "line by line"])
@pytest.mark.parametrize("delimiter", ["\t", " ", ","])
@pytest.mark.parametrize("columns", [(), ("a", "b")], ids=["numbers", "table"])
def test_a_line_of_delimiters_alone_is_a_row_of_missing_values(
    columns: tuple[str, ...], delimiter: str, tail: bytes
) -> None:
    text = f"1{delimiter}2\n{delimiter}\n{delimiter}3\n\n".encode() + tail
    read = Csv(delimiter=delimiter, columns=columns).batches(
        text, "gaps", rows=9, on_fault=OnFault.SKIP
    )

    (batch,) = read

    first, second = batch.values()
    assert np.isnan(np.column_stack([first, second])).sum() == 3
    assert batch.rows == 3


def test_another_delimiter() -> None:
    np.testing.assert_array_equal(read(Csv(delimiter="\t"), b"1\t2\n")["features"], [[2]])


@pytest.mark.parametrize(
    ("data", "index", "offset", "said"),
    [
        (b"1,2\n\n3\n5,6\n", 1, 5, "1 field, where the first row has 2"),
        (b"1,2\n3,4,5\n", 1, 4, "3 fields, where the first row has 2"),
        (b"1,2\n3,x\n", 1, 4, "field 1 is 'x', which is no number"),
        (b"1,2\n3,1_0\n", 1, 4, "field 1 is '1_0', which is no number"),
        (b"1,2\n3,\xd9\xa3\n", 1, 4, "which is no number"),
        (b"1,2\r\n3,0x10\r\n", 1, 5, "field 1 is '0x10'"),
        (b"1,2\n\xff,4\n", 1, 4, "not UTF-8 text"),
        (b'1,2\n"3,4\n', 1, 4, "1 field, where the first row has 2"),
        (b"age,name\n1,2\n", 0, 0, "a header is read with header=True"),
    ],
)
def test_a_fault_says_where(data: bytes, index: int, offset: int, said: str) -> None:
    with pytest.raises(RecordError, match=said) as caught:
        whole(Csv(), data)

    assert (caught.value.source, caught.value.index, caught.value.offset) == (
        "the source",
        index,
        offset,
    )
    assert caught.value.__context__ is None, "what an engine said of the block is no news"


def test_what_is_packed_with_gzip_is_told_so() -> None:
    with pytest.raises(
        FormatError, match=r"is packed with gzip: .*end its name with \.gz.* CompressionType Gzip"
    ):
        whole(Csv(), gzip.compress(b"1,2\n3,4\n"))


def test_a_fault_far_behind_says_where() -> None:
    row = b"1.5,2.5,3.5\n"
    before = 3 * BLOCK // len(row)
    with pytest.raises(RecordError) as caught:
        whole(Csv(), row * before + b"1,2\n" + row)

    assert (caught.value.index, caught.value.offset) == (before, before * len(row))


def test_faults_are_left_out_or_end_the_pass(caplog: pytest.LogCaptureFixture) -> None:
    data = b"1,2\nx,3\n4,5\n6\n7,8\n"
    caplog.set_level(logging.WARNING, "sm_container.records")

    skipped = list(Csv().batches(data, "s", rows=10, on_fault=OnFault.SKIP))
    np.testing.assert_array_equal(skipped[0]["label"], [1, 4, 7])
    assert [entry.message.split(": ")[0] for entry in caplog.records] == [
        "s, record 1, byte 4",
        "s, record 3, byte 12",
    ]
    stopped = list(Csv().batches(data, "s", rows=10, on_fault=OnFault.STOP))
    np.testing.assert_array_equal(stopped[0]["label"], [1])


def test_batches_are_at_most_so_many_rows_and_own_their_memory() -> None:
    data = b"".join(b"%d,%d\n" % (n, n) for n in range(100))
    batches = list(Csv().batches(bytearray(data), "s", rows=30))

    assert [batch.rows for batch in batches] == [30, 30, 30, 10]
    records = list(Csv().records(data, "s"))
    assert [float(record["label"]) for record in records] == list(range(100))
    assert records[3]["features"].tolist() == [3]


def test_a_line_without_end_is_refused_before_it_fills_the_memory() -> None:
    class Endless:
        def readinto(self, buffer: memoryview, /) -> int:
            buffer[:] = bytes(len(buffer))
            return len(buffer)

    with pytest.raises(RecordError, match="no line ends"):
        whole(Csv(), Endless())


@pytest.mark.parametrize(
    "options",
    [{"label_size": -1}, {"delimiter": ""}, {"delimiter": '"'}, {"dtype": "int8"}],
)
def test_options_that_cannot_be(options: dict[str, object]) -> None:
    with pytest.raises(FormatError, match=next(iter(options))):
        Csv(**options)  # type: ignore[arg-type]


def test_fewer_columns_than_labels() -> None:
    with pytest.raises(FormatError, match="2 fields, and label_size=3"):
        whole(Csv(label_size=3), b"1,2\n")


FLOATS = st.sampled_from(["float32", "float64"])


@given(st.data(), FLOATS, st.integers(0, 3), st.sampled_from(",;\t| "))
def test_what_is_written_is_read(
    data: st.DataObject, dtype: str, label_size: int, delimiter: str
) -> None:
    rows, width = data.draw(st.integers(1, 8)), data.draw(st.integers(1, 5))
    matrix = data.draw(arrays.arrays(dtype, (rows, width + label_size)))
    columns = {"features": matrix[:, label_size:]}
    if label_size:
        columns["label"] = matrix[:, 0] if label_size == 1 else matrix[:, :label_size]
    form = Csv(label_size=label_size, delimiter=delimiter, dtype=dtype)
    sink = io.BytesIO()

    assert form.write([Batch(columns)], sink) == rows
    assert_same(read(form, sink.getvalue()), Batch(columns))


@given(
    st.lists(
        st.lists(
            st.sampled_from([b"1", b"-2.5", b"", b"nan", b" 3e2 ", b'"4"']), min_size=2, max_size=2
        ),
        min_size=1,
        max_size=6,
    ),
    st.integers(0, 200),
    st.sampled_from(b'\x000123456789,"\n\r e.-+x\xff'),
)
def test_mutated_bytes_are_read_the_same_way_by_every_engine(
    rows: list[list[bytes]], place: int, byte: int
) -> None:
    data = bytearray(b"\n".join(map(b",".join, rows)) + b"\n")
    data[place % len(data)] = byte
    block = bytes(data)
    if b"\r" in block:  # pyarrow ends a row at it, the careful way does not
        block = block.replace(b"\r", b" ")
    careful = [found for _, found in numbers.careful(block, 2, ",")]
    for engine in (numbers._by_arrow, numbers._by_numpy):
        try:
            fast = engine(block, 2, ",", "float64") if block.strip() else np.empty((0, 2))
        except ValueError:
            continue
        np.testing.assert_array_equal(fast, np.array(careful, float).reshape(-1, 2))


@given(st.binary(max_size=60), st.integers(0, 2), st.sampled_from(OnFault))
def test_any_bytes_are_rows_or_a_fault(data: bytes, label_size: int, on_fault: OnFault) -> None:
    try:
        batches = list(Csv(label_size=label_size).batches(data, "s", rows=3, on_fault=on_fault))
    except (RecordError, FormatError):
        return
    assert all(batch.rows <= 3 for batch in batches)


def test_without_pyarrow_it_reads_and_writes_the_same() -> None:
    program = """
import io, random, sys
sys.modules["pyarrow"] = None  # as where it is not installed
import numpy as np
from sm_container.records.batch import Batch
from sm_container.records.text.csv import Csv
rng = np.random.default_rng(1)
matrix = rng.random((3000, 5), np.float32)
given = Batch({"features": matrix[:, 1:], "label": matrix[:, 0]})
given["features"][5, 2] = np.nan
sink = io.BytesIO()
assert Csv().write([given], sink) == 3000
read, = Csv().batches(sink.getvalue(), "s", rows=5000)
assert all(np.array_equal(read[name], given[name], equal_nan=True) for name in given)
table, = Csv(header=True).batches(b"n,x,t\\n1,2,a\\n2,,b\\n", "s", rows=9)
assert [str(table[name].dtype) for name in table] == ["int64", "float64", "object"]
from sm_container.records.text.jsonlines import JsonLines
from sm_container.records.text.libsvm import Libsvm
lines, = JsonLines().batches(b'{"a": 1}\\n{"a": 2}\\n', "s", rows=9)
assert lines["a"].tolist() == [1, 2]
sparse, = Libsvm().batches(b"1 0:2\\n0 1:3\\n", "s", rows=9)
assert sparse["features"].to_dense().tolist() == [[2, 0], [0, 3]]
print(len(sink.getvalue()))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 3000 * 5 * 4


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"features": np.zeros((2, 2))}, "label_size=0"),
        ({"features": np.zeros((2, 2)), "label": np.zeros((2, 2))}, "label_size=2"),
        ({"features": np.array([["a"]]), "label": np.zeros(1)}, "'features' is <U1"),
        ({"features": np.zeros((2, 2)), "label": np.zeros(2), "uid": np.zeros(2)}, "uid"),
        ({"age": np.zeros(2)}, "header=True"),
        (
            {
                "features": Csr(np.zeros(0), np.zeros(0, np.int64), np.zeros(2, np.int64), 3),
                "label": np.zeros(1),
            },
            "sparse",
        ),
    ],
)
def test_what_has_no_place_in_a_row_is_refused(columns: dict[str, np.ndarray], said: str) -> None:
    with pytest.raises(FormatError, match=said):
        Csv().write([Batch(columns)], io.BytesIO())


def test_a_large_file_in_blocks_is_what_one_block_would_be() -> None:
    rng = random.Random(4)
    data = b"".join(b"%d,%.4f,%.4f\n" % (n, rng.random(), rng.random()) for n in range(120_000))
    assert len(data) > 2 * BLOCK
    batch = whole(Csv(), io.BytesIO(data), rows=10_000)

    np.testing.assert_array_equal(batch["label"], np.arange(120_000))
    expected = np.loadtxt(io.BytesIO(data), delimiter=",", dtype=np.float32)
    np.testing.assert_array_equal(batch["features"], expected[:, 1:])
