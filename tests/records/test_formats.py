"""Formats by content type, by parameters and by the names of files."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from sm_container.records.errors import FormatError
from sm_container.records.formats import format_of
from sm_container.records.msgpack_records import MsgpackFormat
from sm_container.records.parquet import Parquet
from sm_container.records.protobuf import ProtobufFormat
from sm_container.records.recordio import Multipart, RecordIOFormat
from sm_container.records.text.csv import Csv
from sm_container.records.text.jsonlines import JsonLines
from sm_container.records.text.libsvm import Libsvm
from sm_container.records.whole import Whole


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("text/csv", Csv()),
        ("TEXT/CSV", Csv()),
        ("csv", Csv()),
        ("text/csv; label_size=0", Csv(label_size=0)),
        ("text/csv;label_size=2;charset=utf-8", Csv(label_size=2)),
        ('text/csv; header=present; columns="a, b"', Csv(header=True, columns=("a", "b"))),
        ("text/csv; header=absent", Csv()),
        ("text/csv; header=true; dtype=float32", Csv(header=True, dtype="float32")),
        ('text/csv; delimiter=";"; label_size=0', Csv(delimiter=";", label_size=0)),
        ("text/csv;", Csv()),
        ("text/libsvm; dtype=float64; columns=3", Libsvm(3, "float64")),
        ("application/jsonlines; columns=a", JsonLines(("a",))),
        ("application/x-parquet; columns=a", Parquet(("a",))),
        ("application/x-recordio-protobuf; multipart=concat", ProtobufFormat(Multipart.CONCAT)),
        ("application/x-recordio-msgpack; multipart=concat", MsgpackFormat(Multipart.CONCAT)),
        ("text/libsvm; columns=9", Libsvm(columns=9)),
        ("image/png", Whole("image/png")),
        ("image/*", Whole("image/*")),
        ("application/octet-stream", Whole()),
        ("application/x-recordio; multipart=concat", RecordIOFormat(Multipart.CONCAT)),
    ],
)
def test_a_content_type_and_its_parameters(content_type: str, expected: Any) -> None:
    assert format_of(content_type) == expected


@pytest.mark.parametrize(
    "content_type",
    [
        "text/csv",
        "text/libsvm",
        "application/jsonlines",
        "application/x-parquet",
        "application/x-recordio",
        "application/x-recordio-protobuf",
        "application/x-recordio-msgpack",
        "application/octet-stream",
        "image/*",
    ],
)
def test_every_known_content_type_has_its_format(content_type: str) -> None:
    assert format_of(content_type).content_type == content_type
    assert isinstance(format_of(content_type).is_concatenable, bool)


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.csv", "text/csv"),
        ("A.CSV", "text/csv"),
        ("b.svm", "text/libsvm"),
        ("b.libsvm", "text/libsvm"),
        ("c.jsonl", "application/jsonlines"),
        ("d.snappy.parquet", "application/x-parquet"),
        ("e.rec", "application/x-recordio"),
        ("f.pbr", "application/x-recordio-protobuf"),
        ("f.msgpack", "application/x-recordio-msgpack"),
        ("g.jpeg", "image/jpeg"),
    ],
)
def test_the_name_of_a_file(name: str, content_type: str) -> None:
    assert format_of(None, f"folder.x/{name}").content_type == content_type


def test_options_stand_above_parameters() -> None:
    assert format_of("text/csv; label_size=0", label_size=3) == Csv(label_size=3)
    assert format_of(None, "a.csv", label_size=0) == Csv(label_size=0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("application/pdf",), "'application/pdf' is not known here. Known are text/csv, "),
        ((None, "a.doc"), "'a.doc' does not say its format.*Known are"),
        ((None,), r"no content type is given. Known are text/csv, .*, image/\*$"),
        ((None, "a.csv.gz"), "CompressionType Gzip"),
        ((None, "a.csv.zst"), "a.csv.zst is compressed: unpack it$"),
        (("text/csv; foo=1",), "no parameter 'foo' is known; its options are label_size"),
        (("text/csv; label_size=x",), "label_size cannot be 'x'"),
        (("text/csv; header=maybe",), "header cannot be 'maybe'"),
        (("text/csv; header",), "NAME=VALUE"),
        (("text/csv; label_size=0; label_size=1",), "the parameter 'label_size' is given twice"),
        ((";",), "the content type ';' is not known here"),
        (("text/csv; charset=latin-1",), "no parameter 'charset'"),
        (("image/png; content_type=x",), "no parameter 'content_type' is known; it has no options"),
    ],
)
def test_what_is_not_known_is_said(arguments: tuple[Any, ...], said: str) -> None:
    with pytest.raises(FormatError, match=said):
        format_of(*arguments)


@pytest.mark.parametrize(
    ("content_type", "options", "expected"),
    [
        ("csv", {"header": "false"}, Csv()),
        ("csv", {"header": "true", "columns": "a, b"}, Csv(header=True, columns=("a", "b"))),
        ("csv", {"columns": ["a", "b"]}, Csv(columns=("a", "b"))),
        ("csv", {"label_size": "0", "dtype": "float64"}, Csv(label_size=0, dtype="float64")),
        ("libsvm", {"columns": "9"}, Libsvm(columns=9)),
        ("jsonlines", {"columns": "a"}, JsonLines(("a",))),
        ("recordio", {"multipart": "dmlc"}, RecordIOFormat(Multipart.DMLC)),
        ("recordio", {"multipart": Multipart.CONCAT}, RecordIOFormat(Multipart.CONCAT)),
    ],
)
def test_an_option_may_be_the_text_that_a_parameter_is(
    content_type: str, options: dict[str, Any], expected: Any
) -> None:
    assert format_of(content_type, **options) == expected


@pytest.mark.parametrize(
    ("content_type", "option"),
    [
        ("csv", {"header": "maybe"}),
        ("csv", {"label_size": "x"}),
        ("csv", {"label_size": 1.0}),
        ("csv", {"delimiter": 3}),
        ("csv", {"columns": 3}),
        ("libsvm", {"columns": 5.0}),
        ("recordio", {"multipart": "both"}),
    ],
)
def test_an_option_of_another_type_is_refused(content_type: str, option: dict[str, Any]) -> None:
    [(name, value)] = option.items()
    with pytest.raises(FormatError, match=f"^{name} cannot be {value!r}$"):
        format_of(content_type, **option)


def test_an_option_that_the_format_has_not() -> None:
    with pytest.raises(FormatError, match="text/libsvm has no option label_size; its options are"):
        format_of("text/libsvm", label_size=1)


@pytest.mark.parametrize(
    ("content_type", "options"),
    [
        ("text/csv", "label_size, delimiter, header, columns, dtype"),
        ("text/libsvm", "columns, dtype"),
        ("application/jsonlines", "columns"),
        ("application/x-parquet", "columns"),
        ("application/x-recordio", "multipart"),
        ("application/x-recordio-protobuf", "multipart"),
        ("application/x-recordio-msgpack", "multipart"),
    ],
)
def test_a_parameter_that_no_option_has_is_refused_with_those_there_are(
    content_type: str, options: str
) -> None:
    with pytest.raises(
        FormatError, match=rf"no parameter 'x' is known; its options are {options}$"
    ):
        format_of(f"{content_type}; x=1")


def test_a_format_costs_nothing_until_it_is_used() -> None:
    program = (
        "import sys, sm_container.records.formats as f\n"
        "f.format_of('text/libsvm')\n"
        "print(*sorted({'pyarrow', 'msgpack', 'torch', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == []
