from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sm_container.harness.inputs.landing import is_folder_marker, landing, refusal

part = st.text("ab-.ü ", min_size=1, max_size=3).filter(lambda name: name not in (".", ".."))
key = st.lists(part, min_size=1, max_size=4).map("/".join)


@pytest.mark.parametrize(
    ("prefix", "key", "path"),
    [
        ("a/model.tar.gz", "a/model.tar.gz", "model.tar.gz"),
        ("a/state", "a/state/algo-1/x", "algo-1/x"),
        ("a/state/", "a/state/algo-1/x", "algo-1/x"),
        ("data/train", "data/train-data.csv", "train-data.csv"),
        ("data/train", "data/train-data/part/1.csv", "train-data/part/1.csv"),
        ("data/train", "data/train", "train"),
        ("train", "train-data.csv", "train-data.csv"),
        ("", "a/b", "a/b"),
    ],
)
def test_an_object_lands_where_the_service_puts_it(prefix: str, key: str, path: str) -> None:
    assert landing(prefix, key) == path


@given(key, st.data())
def test_an_object_lands_at_the_end_of_its_key(key: str, data: st.DataObject) -> None:
    prefix = key[: data.draw(st.integers(0, len(key)))]
    path = landing(prefix, key)
    assert path
    assert key.endswith(path)
    assert not path.startswith("/")
    # What is left off are whole folders, none of them beyond the prefix.
    folders = key[: len(key) - len(path)]
    assert folders == "" or folders.endswith("/")
    assert len(folders) <= len(prefix) + 1
    assert refusal(f"s3://bucket/{key}", key, path) is None


@given(key, key, st.data())
def test_two_objects_below_a_folder_never_land_at_one_path(
    one: str, other: str, data: st.DataObject
) -> None:
    assume(one != other)
    folder = data.draw(key)
    assert landing(f"{folder}/", f"{folder}/{one}") != landing(f"{folder}/", f"{folder}/{other}")


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("a//b", "an illegal char sub-sequence '//' in it"),
        ("/a", "an illegal char sub-sequence '//' in it"),
        ("../../x", "a part '..'"),
        ("a/../b", "a part '..'"),
        ("./a", "a part '.'"),
        ("a\0b", "a NUL character"),
        ("a/", "no file name at its end, but holds data"),
        ("a/" + "ü" * 128, "a name of 256 bytes"),
        ("\udcff", "a name that is not UTF-8"),
    ],
)
def test_a_key_that_can_land_nowhere_is_refused(key: str, fault: str) -> None:
    said = refusal(f"s3://bucket/{key}", key, landing("", key))
    assert said is not None
    assert said.startswith(f"Failed to download data. S3 key: s3://bucket/{key} has ")
    assert fault in said


@pytest.mark.parametrize("key", ["a/" + "ü" * 127, "...", "a/..b", "-rf", "a b;$(c)", "n\nl"])
def test_a_strange_name_is_still_a_name(key: str) -> None:
    assert refusal("s3://bucket/" + key, key, key) is None


@given(st.text(), st.text())
def test_what_is_not_refused_stays_below_the_folder(prefix: str, rest: str) -> None:
    key = prefix + rest
    path = landing(prefix, key)
    if refusal("s3://bucket/" + key, key, path) is None:
        parts = path.split("/")
        assert ".." not in parts
        assert "" not in parts
        assert "\0" not in path


def test_only_an_empty_object_stands_for_a_folder() -> None:
    assert is_folder_marker("a/", 0)
    assert not is_folder_marker("a/", 1)
    assert not is_folder_marker("a", 0)
