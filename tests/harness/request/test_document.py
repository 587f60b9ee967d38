"""Request files: what is read, and where what is wrong with one stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sm_container.harness.request.document import SIZE_LIMIT, load_document
from sm_container.harness.request.errors import DocumentError, RequestError
from sm_container.harness.request.model import ServiceModel
from sm_container.harness.request.parse import parse_request


def _file(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def _fault(path: Path) -> str:
    with pytest.raises(DocumentError) as caught:
        load_document(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    return message.removeprefix(str(path))


def test_json_and_yaml_say_the_same(hostile_tmp_path: Path) -> None:
    text = '{"TrainingJobName": "a", "HyperParameters": {"n": "5"}, "Tags": [], "X": null}'
    yaml = "TrainingJobName: a\nHyperParameters:\n  n: '5'\nTags: []\nX:\n"
    expected = json.loads(text)
    assert load_document(_file(hostile_tmp_path, "request.json", text)) == expected
    assert load_document(_file(hostile_tmp_path, "request.YAML", yaml)) == expected
    assert load_document(_file(hostile_tmp_path, "request.yml", text)) == expected
    assert load_document(_file(hostile_tmp_path, "request", "\n " + text)) == expected
    assert load_document(_file(hostile_tmp_path, "request.txt", yaml)) == expected


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    assert load_document(_file(tmp_path, "r.json", b'\xef\xbb\xbf{"A": "\xc3\xbc"}')) == {"A": "ü"}


def test_anchors_and_merges_are_yaml_like_any_other(tmp_path: Path) -> None:
    text = "base: &b {A: x, B: y}\nused: {<<: *b, B: z}\n"
    assert load_document(_file(tmp_path, "r.yaml", text))["used"] == {"A": "x", "B": "z"}


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("r.json", '{"A": 1,\n "B" 2}', ", line 2, column 6: not JSON: Expecting ':' delimiter"),
        ("r.json", "", ", line 1, column 1: not JSON: Expecting value"),
        (
            "r.json",
            '{"A": 1,\n "B": {"C": 1},\n "A": 2}',
            ', line 3, column 2: the key "A" is given',
        ),
        (
            "r.json",
            '{"A": [{"B": "{\\"B\\": 1}"}, {"B": 1, "\\u0042": 2}]}',
            ', line 1, column 38: the key "B" is given twice',
        ),
        ("r.json", '{"A": NaN}', ": not JSON: NaN is no JSON value"),
        ("r.json", "[1]", ": the document is a mapping, not a list"),
        ("r.json", '"text"', ": the document is a mapping, not text"),
        ("r.json", "[" * 100_000, ": it is nested too deeply"),
        ("r.json", '{"A": ' + "9" * 5000 + "}", ": not JSON: "),
        ("r.json", b'{"A":\n "\xff"}', ", line 2, column 3: it is not UTF-8"),
        ("r.yaml", "A: 1\nB: [1\n", ", line 3, column 1: expected ',' or ']'"),
        ("r.yaml", "A:\n  B: 1\n  B: 2\n", ', line 3, column 3: the key "B" is given twice'),
        (
            "r.yaml",
            "A:\n  5: x\n",
            ', line 2, column 3: the key "5" is no text: write it in quotes',
        ),
        ("r.yaml", "on: x\n", ', line 1, column 1: the key "on" is no text'),
        ("r.yaml", "? [a]\n: x\n", ", line 1, column 3: the key a collection is no text"),
        ("r.yaml", "", ": the document is a mapping, not nothing"),
        ("r.yaml", "A: !!python/object:os.system x\n", ", line 1, column 4: could not determine"),
        ("r.yaml", "A: 2021-13-45\n", ": not YAML: month must be in 1..12"),
        ("r.yaml", "A: b\nB: \x07\n", ", line 2, column 4: not YAML: special characters"),
        ("r.yaml", "A: &a [*a]\n", ": an alias in it holds itself"),
        ("r.yaml", "A: 1\n---\nB: 2\n", ", line 2, column 1: but found another document"),
        ("r.yaml", "A: " + "[" * 5000, ": it is nested too deeply"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, name: str, content: str | bytes, fault: str
) -> None:
    assert _fault(_file(tmp_path, name, content)).startswith(fault)


def test_aliases_that_multiply_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    assert "its aliases make more than" in _fault(_file(tmp_path, "r.yaml", "\n".join(lines)))


def test_a_file_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    with path.open("wb") as file:
        file.truncate(SIZE_LIMIT + 1)
    assert "no request has" in _fault(path)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert _fault(tmp_path / "absent.json") == ": cannot be read: No such file or directory"
    assert _fault(tmp_path) == ": cannot be read: Is a directory"


@pytest.mark.parametrize("value", ["5", "0.1", "true", "yes", "2024-01-01", "1e3", "0o17"])
def test_yaml_hyperparameters_must_be_strings(
    tmp_path: Path, model: ServiceModel, value: str
) -> None:
    document = load_document(_file(tmp_path, "r.yaml", f"HyperParameters:\n  n: {value}\n"))
    with pytest.raises(RequestError) as caught:
        parse_request(document, model=model)
    about = [each for each in caught.value.faults if "at 'hyperParameters'" in each]
    if isinstance(document["HyperParameters"]["n"], str):
        assert about == []  # YAML 1.1 reads 1e3 and 0o17 as text
    else:
        assert "Member must be a string: write it in quotes" in about[0]


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    content=st.one_of(
        st.binary(max_size=60),
        st.text(alphabet=st.sampled_from(list("{}[]:,\"'&*!|>-?#%@`\n \tab01~<.")), max_size=40),
    ),
    name=st.sampled_from(["r.json", "r.yaml", "r"]),
)
def test_any_bytes_are_a_document_or_a_document_error(
    tmp_path: Path, content: Any, name: str
) -> None:
    path = _file(tmp_path, name, content if isinstance(content, bytes) else content.encode())
    try:
        document: object = load_document(path)
    except DocumentError as error:
        document = str(error)
    assert isinstance(document, dict) or (isinstance(document, str) and "\n" not in document)
