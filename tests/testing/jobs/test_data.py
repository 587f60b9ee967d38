"""What tests give as a channel's data, as the files that come of it."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sm_container.records.batch import Batch
from sm_container.testing.jobs.data import Data, as_batch, write_data

X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
Y = np.array([7.0, 8.0, 9.0])


def written(data: Data, folder: Path, *content_type: str) -> dict[str, str]:
    place = folder / "channel"
    write_data(data, place, *content_type)
    return {
        path.relative_to(place).as_posix(): path.read_text()
        for path in sorted(place.rglob("*"))
        if path.is_file()
    }


def test_arrays_as_csv(hostile_tmp_path: Path) -> None:
    assert written(Data((X, Y)), hostile_tmp_path) == {"part-00000.csv": "7,1,2\n8,3,4\n9,5,6\n"}


def test_arrays_without_labels(tmp_path: Path) -> None:
    assert written(Data(X), tmp_path) == {"part-00000.csv": "1,2\n3,4\n5,6\n"}


def test_records_over_several_files(tmp_path: Path) -> None:
    rows = [{"name": "a", "n": 1}, {"name": "b", "n": 2}, {"name": "ü", "n": 3}]

    found = written(Data(rows, files=2), tmp_path, "application/jsonlines")

    assert found == {
        "part-00000.jsonl": '{"name": "a", "n": 1}\n{"name": "b", "n": 2}\n',
        "part-00001.jsonl": '{"name": "ü", "n": 3}\n',
    }


def test_files_by_name(hostile_tmp_path: Path) -> None:
    files = {"a folder/ü.txt": "text", "b.bin": b"bytes"}

    assert written(Data(files), hostile_tmp_path) == {"a folder/ü.txt": "text", "b.bin": "bytes"}


def test_packed(tmp_path: Path) -> None:
    write_data(Data((X, Y), compression="Gzip"), tmp_path / "arrays")
    write_data(Data({"a.txt": "text"}, compression="Gzip"), tmp_path / "files")

    (part,) = (tmp_path / "arrays").iterdir()
    assert gzip.decompress(part.read_bytes()).startswith(b"7,1,2\n")
    assert gzip.decompress((tmp_path / "files" / "a.txt").read_bytes()) == b"text"


@pytest.mark.parametrize("name", ["../a", "/a", ""])
def test_a_name_that_leads_out_of_the_channel(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="is no name of a file within channel"):
        write_data(Data({name: "text"}), tmp_path / "channel")


def test_a_manifest_is_a_file_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="a ManifestFile is a file that is there"):
        write_data(Data({"m.json": "[]"}, data_type="ManifestFile"), tmp_path / "channel")


def same(batch: Batch, **columns: Any) -> None:
    assert set(batch) == set(columns)
    for name, values in columns.items():
        assert np.asarray(batch[name]).tolist() == values


def test_columns_frames_and_tables() -> None:
    pandas = pytest.importorskip("pandas")
    pyarrow = pytest.importorskip("pyarrow")
    columns: dict[str, Any] = {"n": [1, 2], "name": ["a", "b"]}

    for given in (columns, pandas.DataFrame(columns), pyarrow.table(columns)):
        same(as_batch(given), **columns)


def test_one_column_of_features_and_payloads() -> None:
    assert as_batch(np.arange(3.0))["features"].shape == (3, 1)
    assert as_batch([b"a", b"bc"])["data"].tolist() == [b"a", b"bc"]


def test_sparse_features() -> None:
    sparse = pytest.importorskip("scipy.sparse")

    batch = as_batch((sparse.csr_matrix(X), Y))

    assert batch.rows == 3
    assert batch["features"].to_scipy().toarray().tolist() == X.tolist()


@pytest.mark.parametrize("value", [7, "text", [1, 2], [b"a", {"b": 1}]])
def test_what_is_no_data(value: object) -> None:
    with pytest.raises(TypeError):
        as_batch(value)
