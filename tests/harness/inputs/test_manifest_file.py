from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sm_container.harness.inputs.manifest_file import (
    ManifestFile,
    ManifestFileError,
    parse_manifest,
)

URI = "s3://bucket/a.manifest"


def test_a_manifest_is_a_prefix_and_what_follows_it() -> None:
    text = b'[{"prefix": "s3://bucket/some/prefix/"}, "relative/custdata-1", "custdata-2"]'
    assert parse_manifest(text, URI) == ManifestFile(
        "s3://bucket/some/prefix/", ("relative/custdata-1", "custdata-2")
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"{}", "is not a list"),
        (b"[]", "is not a list"),
        (b'["a"]', "as its first element"),
        (b"[{}]", "as its first element"),
        (b'[{"prefix": ""}]', "as its first element"),
        (b'[{"prefix": "gs://bucket/"}]', "gs:// is not a store known here"),
        (b'[{"prefix": "file:///etc/"}, "passwd"]', "which is not in S3"),
        (b'[{"prefix": "/etc/"}, "passwd"]', "which is not in S3"),
        (b'[{"prefix": "s3://bucket/"}, "a", 3]', "has 3 as its element 2"),
        (b'[{"prefix": "s3://bucket/"}, ""]', "element 1"),
    ],
)
def test_a_fault_is_said_with_the_manifest_and_the_place(text: bytes, fault: str) -> None:
    with pytest.raises(ManifestFileError) as caught:
        parse_manifest(text, URI)
    assert fault in str(caught.value)
    assert URI in str(caught.value)


def test_a_manifest_of_this_machine_may_name_its_files() -> None:
    text = b'[{"prefix": "/data/"}, "a"]'
    assert parse_manifest(text, "/data/a.manifest").prefix == "/data/"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("prefix"), inner),
    )
)
def test_any_document_is_a_manifest_or_an_error(document: object) -> None:
    try:
        manifest = parse_manifest(json.dumps(document).encode(), URI)
    except ManifestFileError:
        return
    assert manifest.prefix.startswith("s3://")
