"""From any format to any other: the same records, in bounded memory, whole or not at all."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sm_container.records.batch import Batch, objects
from sm_container.records.convert import bridged, convert
from sm_container.records.csr import Csr
from sm_container.records.errors import FormatError, OnFault, RecordError
from sm_container.records.format import Format
from sm_container.records.formats import format_of
from tests.records.sources import assert_same_column, concatenated

NAMES = ("a.csv", "a.libsvm", "a.jsonl", "a.parquet", "a.pbr", "a.msgpack")
ROWS = 700


@pytest.fixture
def batch() -> Batch:
    rng = np.random.default_rng(3)
    features = rng.integers(1, 9, (ROWS, 5)).astype(np.float32) / 4
    features[rng.random((ROWS, 5)) < 0.4] = 0
    features[:, 4] = 1
    return Batch({"features": features, "label": np.arange(ROWS, dtype=np.float32)})


def write(path: Path, *batches: Batch, content_type: str | None = None) -> None:
    with path.open("wb") as sink:
        format_of(content_type, path.name).write(batches, sink)


def read(path: Path, content_type: str | None = None) -> Batch:
    form: Format = format_of(content_type, path.name)
    with path.open("rb") as source:
        return concatenated(list(form.batches(source, path.name, rows=10_000)))


def plain(batch: Batch) -> dict[str, np.ndarray]:
    return {
        name: (column.to_dense() if isinstance(column, Csr) else column).astype(np.float64)
        for name, column in batch.items()
    }


@pytest.mark.parametrize(("source", "target"), list(itertools.product(NAMES, NAMES)))
def test_every_format_becomes_every_other(
    hostile_tmp_path: Path, batch: Batch, source: str, target: str
) -> None:
    first, second = hostile_tmp_path / source, hostile_tmp_path / f"to-{target}"
    write(first, batch)
    done = convert(first, second)

    assert done.rows == ROWS
    assert (done.read, done.written) == (first.stat().st_size, second.stat().st_size)
    found, expected = plain(read(second)), plain(batch)
    assert found.keys() == expected.keys()
    for name, column in expected.items():
        np.testing.assert_array_equal(found[name], column)
    assert sorted(each.name for each in hostile_tmp_path.iterdir()) == sorted(
        [source, f"to-{target}"]
    )


def test_named_columns_become_features_and_label(hostile_tmp_path: Path) -> None:
    source, target = hostile_tmp_path / "flights.parquet", hostile_tmp_path / "a.csv"
    write(
        source,
        Batch(
            {
                "hour": np.array([5, 6], np.int32),
                "carrier": objects(["UA", "AA"]),
                "delay": np.array([2.5, -1]),
                "distance": np.array([1400, 1089]),
            }
        ),
    )
    convert(source, target, label="delay", columns=("distance", "delay", "hour"))
    assert target.read_bytes() == b"2.5,1400,5\n-1,1089,6\n"
    convert(source, target, label=None, to="text/csv; label_size=0", columns=("hour",))
    assert target.read_bytes() == b"5\n6\n"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "no column 'label' to be the label.*there are hour, carrier"),
        ({"label": "hour"}, r"'carrier' is objects \(str\), not numbers"),
        ({"label": "carrier"}, "'carrier' is objects"),
        ({"columns": ("age",)}, "no column age; there are hour, carrier"),
        ({"label": "hour", "columns": ("hour",)}, "no columns are left"),
    ],
)
def test_columns_that_cannot_be_label_and_features(
    hostile_tmp_path: Path, options: dict[str, object], said: str
) -> None:
    source = hostile_tmp_path / "a.parquet"
    write(source, Batch({"hour": np.array([5]), "carrier": objects(["UA"])}))
    for target in ("a.csv", "a.libsvm", "a.pbr", "a.msgpack"):
        with pytest.raises(FormatError, match=said):
            convert(source, hostile_tmp_path / target, **options)  # type: ignore[arg-type]
    assert [each.name for each in hostile_tmp_path.iterdir()] == ["a.parquet"]


def test_a_matrix_in_each_row_is_no_feature(hostile_tmp_path: Path) -> None:
    source = hostile_tmp_path / "a.jsonl"
    source.write_text('{"label": 1, "v": [[1, 2], [3, 4]]}\n')
    with pytest.raises(FormatError, match=r"'v' is of the shape \[2, 2\] in each row"):
        convert(source, hostile_tmp_path / "a.csv")


def test_an_image_becomes_a_record_without_its_name(hostile_tmp_path: Path) -> None:
    source, target = hostile_tmp_path / "a.png", hostile_tmp_path / "a.rec"
    source.write_bytes(b"\x89PNG")
    with pytest.raises(FormatError, match=r"not data, name; leave the others out \(columns=data\)"):
        convert(source, target)
    assert convert(source, target, columns=("data",)).rows == 1


def test_tables_keep_their_columns(hostile_tmp_path: Path) -> None:
    table = Batch({"n": np.array([1, 2]), "t": objects(["a", "b"]), "x": np.array([0.5, np.nan])})
    path = hostile_tmp_path / "a.parquet"
    write(path, table)
    header = "text/csv; header=true"
    convert(path, hostile_tmp_path / "a.csv", to=header)
    convert(hostile_tmp_path / "a.csv", hostile_tmp_path / "a.jsonl", from_=header)
    convert(hostile_tmp_path / "a.jsonl", hostile_tmp_path / "b.parquet")

    found = read(hostile_tmp_path / "b.parquet")
    assert list(found) == list(table)
    for name in table:
        assert_same_column(found[name], table[name])


def test_integers_become_what_protobuf_has(hostile_tmp_path: Path) -> None:
    path, target = hostile_tmp_path / "a.parquet", hostile_tmp_path / "a.pbr"
    write(path, Batch({"label": np.array([1], np.uint8), "a": np.array([2**40])}))
    convert(path, target)
    found = read(target)
    assert (str(found["features"].dtype), str(found["label"].dtype)) == ("float64", "int32")
    write(path, Batch({"label": np.array([1]), "a": np.array([2**53 + 1])}))
    with pytest.raises(FormatError, match="'features' has integers beyond 2"):
        convert(path, target)


def test_tensors_of_other_names_stay_among_formats_of_tensors(hostile_tmp_path: Path) -> None:
    source = hostile_tmp_path / "a.msgpack"
    image = np.arange(6, dtype=np.int32).reshape(2, 3)
    given = Batch({"image": image, "label": np.array([0.5, 1]), "uid": objects(["a", "b"])})
    write(source, given)
    convert(source, hostile_tmp_path / "a.pbr")
    found = read(hostile_tmp_path / "a.pbr")

    assert set(found) == set(given)
    np.testing.assert_array_equal(found["image"], image)
    assert found["uid"].tolist() == ["a", "b"]


def test_sparse_rows_of_several_widths_are_not_made_dense() -> None:
    def sparse(width: int) -> Batch:
        features = Csr(np.ones(1), np.zeros(1, np.int64), np.array([0, 1]), width)
        return Batch({"features": features, "label": np.zeros(1)})

    with pytest.raises(FormatError, match="columns=100"):
        list(bridged([sparse(2), sparse(3)], format_of("csv")))
    with pytest.raises(FormatError, match="too wide"):
        list(bridged([sparse(2**40)], format_of("csv")))


def test_bytes_of_which_nothing_is_known(hostile_tmp_path: Path) -> None:
    source = hostile_tmp_path / "a.rec"
    write(source, Batch({"data": objects([b"abc", b""])}))
    convert(source, hostile_tmp_path / "a.parquet")
    assert read(hostile_tmp_path / "a.parquet")["data"].tolist() == [b"abc", b""]
    with pytest.raises(FormatError, match="say what they are"):
        convert(source, hostile_tmp_path / "a.csv")


def test_a_fault_leaves_the_old_target(hostile_tmp_path: Path) -> None:
    source, target = hostile_tmp_path / "a.csv", hostile_tmp_path / "a.jsonl"
    source.write_bytes(b"1,2\n3\n4,5\n")
    target.write_bytes(b"old")
    with pytest.raises(RecordError, match=r"a\.csv, record 1, byte 4: 1 field"):
        convert(source, target)
    assert target.read_bytes() == b"old"
    assert convert(source, target, on_fault=OnFault.SKIP).rows == 2
    assert sorted(each.name for each in hostile_tmp_path.iterdir()) == ["a.csv", "a.jsonl"]


def test_progress_is_told_and_may_end_it(hostile_tmp_path: Path) -> None:
    source, target = hostile_tmp_path / "a.csv", hostile_tmp_path / "b.csv"
    source.write_bytes(b"1,2\n" * 1_000_000)
    told: list[tuple[int, int]] = []
    convert(source, target, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (4_000_000, 4_000_000)
    assert len(told) > 3
    assert told == sorted(told)
    target.unlink()

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(source, target, progress=stop)
    assert [each.name for each in hostile_tmp_path.iterdir()] == ["a.csv"]


def test_memory_does_not_grow_with_the_data(hostile_tmp_path: Path) -> None:
    program = """
import resource, sys
from sm_container.records.convert import convert
done = convert(sys.argv[1], sys.argv[2])
print(done.rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    line = b"1,0.25,3.5,1234.5,0,0,0,17\n"
    peaks = []
    for count in (400_000, 1_600_000):
        source = hostile_tmp_path / "a.csv"
        with source.open("wb") as file:
            for _ in range(count // 100_000):
                file.write(line * 100_000)
        done = subprocess.run(
            [sys.executable, "-c", program, source, hostile_tmp_path / "b.csv"],
            capture_output=True,
            text=True,
            check=True,
        )
        rows, peak = map(int, done.stdout.split())
        assert rows == count
        peaks.append(peak)
    grown = count * len(line) * 3 // 4 // 1024
    assert peaks[1] - peaks[0] < grown / 3
