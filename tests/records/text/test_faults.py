"""A line that cannot be read, in every format of lines: what comes before it is given first."""

from __future__ import annotations

import logging
from operator import itemgetter

import numpy as np
import pytest

from sm_container.records.errors import FormatError, OnFault, RecordError
from sm_container.records.format import Format
from sm_container.records.text.csv import Csv
from sm_container.records.text.jsonlines import JsonLines
from sm_container.records.text.libsvm import Libsvm

LINES: list[tuple[Format, bytes]] = [
    (Csv(), b"1,0\n2,0\nx,0\n4,0\n"),
    (Csv(columns=("label", "b")), b"1,0\n2,0\n3\n4,0\n"),
    (Libsvm(), b"1 0:1\n2 0:1\nx 0:1\n4 0:1\n"),
    (JsonLines(), b'{"label": 1}\n{"label": 2}\nx\n{"label": 4}\n'),
]


@pytest.mark.parametrize(("form", "data"), LINES)
def test_what_comes_before_a_fault_is_given_first(form: Format, data: bytes) -> None:
    batches = form.batches(data, "s", rows=9)
    assert np.asarray(next(batches)["label"]).tolist() == [1, 2]
    with pytest.raises(RecordError, match="s, record 2"):
        next(batches)

    records = form.records(data, "s")
    assert [next(records)["label"] for _ in range(2)] == [1, 2]
    with pytest.raises(RecordError, match="s, record 2"):
        next(records)


@pytest.mark.parametrize("form", [form for form, _ in LINES])
@pytest.mark.parametrize(
    ("data", "named"),
    [(b"\n#\xd7\xce\4\0\0\0abcd", "RecordIO"), (b"PAR1\x15\4\x15\n", "parquet")],
)
@pytest.mark.parametrize("on_fault", OnFault)
def test_what_is_no_text_at_all_is_told_by_its_first_bytes(
    form: Format, data: bytes, named: str, on_fault: OnFault
) -> None:
    with pytest.raises(FormatError, match=f"^s begins as {named} does, .* correct its content"):
        list(form.batches(data, "s", rows=9, on_fault=on_fault))


@pytest.mark.parametrize(("form", "data"), LINES)
def test_a_stop_is_the_end_and_one_warning(
    form: Format, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "sm_container.records")
    read = form.records(data, "s", on_fault=OnFault.STOP)
    assert list(map(itemgetter("label"), read)) == [1, 2]
    (warning,) = caplog.messages
    assert warning.startswith("s, record 2")
    assert warning.endswith("reading ends before it")
