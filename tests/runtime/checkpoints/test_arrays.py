"""Arrays come back as they were, and nothing is pickled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sm_container.runtime.checkpoints.arrays import copied, read_arrays, size_of, write_arrays

ARRAYS = {
    "float16": np.arange(3, dtype=np.float16),
    "big endian": np.arange(3, dtype=">i4"),
    "bool": np.array([True, False]),
    "complex": np.array([1 + 2j]),
    "text": np.array(["a", "é✓"]),
    "times": np.array(["2013-01-01"], "datetime64[D]"),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "strided": np.arange(10)[::-2],
    "empty": np.zeros((0, 4)),
    "scalar": np.float32(0.1),
    "structured": np.array([(1, 2.0)], [("a", "i4"), ("b", "f8")]),
    "layer/0/weights": np.ones((2, 2)),
}


def test_they_come_back(hostile_tmp_path: Path) -> None:
    write_arrays(hostile_tmp_path, {**ARRAYS, "list": [1, 2], "number": 5, "notes.json": b"{}"})
    found = read_arrays(hostile_tmp_path)
    assert set(found) == {*ARRAYS, "list", "number"}
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype
    assert found["number"].item() == 5
    assert (hostile_tmp_path / "notes.json").read_bytes() == b"{}"


@pytest.mark.parametrize(
    "value",
    [{"a": 1}, object(), None, [1, "a", None], np.ma.masked_array([1, 2], [True, False])],
    ids=lambda value: type(value).__name__,
)
def test_what_only_pickle_could_save_is_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(TypeError, match=r"'state' is a .* without pickle"):
        write_arrays(tmp_path, {"state": value})


@pytest.mark.parametrize("name", ["../up", "/tmp/up", "a/../../up"])
def test_a_name_stays_in_the_folder(tmp_path: Path, name: str) -> None:
    for value in (b"x", np.zeros(1)):
        with pytest.raises(ValueError, match="leads out of the checkpoint's folder"):
            write_arrays(tmp_path / "inside", {name: value})


@pytest.mark.parametrize("names", [("w", "w.npy"), ("w.npy", "./w.npy"), ("a/w", "a//w")])
def test_two_names_are_two_files(tmp_path: Path, names: tuple[str, str]) -> None:
    state = {name: b"bytes" if name.endswith(".npy") else np.zeros(1) for name in names}
    with pytest.raises(ValueError, match=r"and another are both the file w\.npy: rename one"):
        write_arrays(tmp_path, state)


def test_a_pickle_is_not_read(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([object()]), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle"):
        read_arrays(tmp_path)


def test_a_copy_is_apart() -> None:
    array = np.zeros(2)
    copy = copied({"a": array, "b": b"x", "c": [1]})
    array += 1
    assert np.asarray(copy["a"]).tolist() == [0, 0]
    assert copy["b"] == b"x"


def test_the_size_is_known_before() -> None:
    assert size_of({"a": np.zeros((10, 10)), "b": b"xyz", "c": 1.0}) == 800 + 3 + 8
