from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sm_container.storage.errors import StorageError
from sm_container.storage.uri import Location, Scheme, parse


@pytest.mark.parametrize(
    ("uri", "bucket", "key"),
    [
        ("s3://bucket", "bucket", ""),
        ("s3://bucket/", "bucket", ""),
        ("s3://bucket/a/b/", "bucket", "a/b/"),
        ("s3://my.old_Bucket/a%20b?c#d", "my.old_Bucket", "a%20b?c#d"),
        ("s3://bucket//a//b", "bucket", "/a//b"),
    ],
)
def test_an_s3_key_is_taken_literally(uri: str, bucket: str, key: str) -> None:
    assert parse(uri) == Location(Scheme.S3, bucket, key)


@pytest.mark.parametrize(
    ("uri", "key"),
    [
        ("/data/train", "data/train"),
        ("/data/train/", "data/train/"),
        ("/data/../etc//x", "etc/x"),
        ("/a%20b", "a%20b"),
        ("file:///a%20b/", "a b/"),
        ("file://localhost/data", "data"),
        ("/", ""),
    ],
)
def test_a_file_is_named_by_its_absolute_path(uri: str, key: str) -> None:
    assert parse(uri) == Location(Scheme.FILE, "", key)


def test_a_relative_path_counts_from_the_working_folder(
    hostile_tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(hostile_tmp_path)
    assert parse("data/").key == str(hostile_tmp_path)[1:] + "/data/"


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "s3://",
        "s3:///key",
        "s3://../key",
        "s3://a bucket/key",
        "s3://bucket/half a pair \ud800",
        "gs://bucket/key",
        "https://bucket.s3.amazonaws.com/key",
        "file://data/train",
        "/a\0b",
        "file:///a%00b",
    ],
)
def test_what_names_no_place_is_refused_in_one_line(uri: str) -> None:
    with pytest.raises(StorageError) as caught:
        parse(uri)
    assert "\n" not in str(caught.value)
    assert caught.value.what_to_do


@given(st.text())
def test_any_text_is_a_location_or_an_error(text: str) -> None:
    try:
        location = parse(text)
    except StorageError:
        return
    if location.scheme is Scheme.FILE:
        assert ".." not in location.key.split("/")
        assert os.path.abspath("/" + location.key) == "/" + location.key.rstrip("/")
