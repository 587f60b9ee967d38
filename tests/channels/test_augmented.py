from __future__ import annotations

import json
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sm_container.channels.augmented import ManifestLines
from sm_container.channels.channels import open_channels
from sm_container.channels.errors import ChannelError
from sm_container.contract.inputs import ChannelConfig, InputDataConfig, InputMode
from sm_container.contract.layout import Layout
from sm_container.declaration.channels import Channel
from sm_container.declaration.errors import DeclarationError
from sm_container.records.errors import OnFault, RecordError
from tests.channels.feeding import WAIT, Feeder, channel, framed

LINES = [(bytes([n]) * n * 1000, str(n), f"größe {n}") for n in range(5)]
STREAM = framed(
    *(part if isinstance(part, bytes) else part.encode() for line in LINES for part in line)
)
NAMES = ("image-ref", "class", "note")
EXPECTED = [dict(zip(NAMES, line, strict=True)) for line in LINES]


def note(layout: Layout, attributes: Any, name: str = "train") -> None:
    """The platform's own note of the channel, as far as it matters here."""
    source = {"s3DataType": "AUGMENTED_MANIFEST_FILE", "attributeNames": attributes}
    layout.init_config.write_text(json.dumps({"channels": {name: {"s3DataSource": source}}}))


def test_one_mapping_a_line(layout: Layout, no_leaks: None) -> None:
    train = channel(layout, InputMode.PIPE, "application/x-recordio", "RecordIO")
    with Feeder(layout, [STREAM] * 2):
        assert list(train.records(attributes=NAMES, timeout=WAIT)) == EXPECTED
        batches = list(train.batches(rows=2, attributes=NAMES, timeout=WAIT))
    assert [batch.rows for batch in batches] == [2, 2, 1]
    assert list(batches[0]) == list(NAMES)
    assert [value for batch in batches for value in batch["note"]] == [line[2] for line in LINES]


def test_declared_attributes(layout: Layout) -> None:
    declared = Channel("train", modes=["Pipe"], attributes=NAMES)
    config = InputDataConfig({"train": ChannelConfig(InputMode.PIPE, None, None, "RecordIO")})
    train = open_channels([declared], config, layout)["train"]
    with Feeder(layout, [STREAM]):
        assert list(train.records(timeout=WAIT)) == EXPECTED


def test_attributes_that_the_platform_notes(layout: Layout) -> None:
    note(layout, NAMES)
    train = channel(layout, InputMode.PIPE, None, "RecordIO")
    with Feeder(layout, [STREAM] * 2):
        assert list(train.records(timeout=WAIT)) == EXPECTED
        some = list(train.records(attributes=["note", "class"], timeout=WAIT))
    assert some == [{"note": line["note"], "class": line["class"]} for line in EXPECTED]
    with pytest.raises(ChannelError, match="no attribute weight is in its stream, which has image"):
        train.records(attributes=["class", "weight"])


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", "7", '{"channels": 7}', '{"channels": {"train": {"s3DataSource": null}}}'],
)
def test_a_note_of_another_form_is_no_note(layout: Layout, text: str) -> None:
    layout.init_config.write_text(text)
    train = channel(layout, InputMode.PIPE, "application/x-recordio", "RecordIO")
    with Feeder(layout, [framed(b"x")]):
        assert list(train.records(timeout=WAIT)) == [{"data": b"x"}]


@pytest.mark.parametrize("attributes", [None, [], [7], "class", {}])
def test_a_note_without_attributes(layout: Layout, attributes: Any) -> None:
    note(layout, attributes)
    train = channel(layout, InputMode.PIPE, "application/x-recordio", "RecordIO")
    with Feeder(layout, [framed(b"x")]):
        assert list(train.records(timeout=WAIT)) == [{"data": b"x"}]


def test_without_the_wrapper_it_cannot_be_told_apart(layout: Layout) -> None:
    train = channel(layout, InputMode.PIPE, "application/x-recordio")
    with pytest.raises(ChannelError, match="set its RecordWrapperType to RecordIO"):
        train.records(attributes=NAMES)


@pytest.mark.parametrize("mode", [InputMode.FILE, InputMode.FAST_FILE])
def test_pipe_mode_alone(layout: Layout, mode: InputMode) -> None:
    with pytest.raises(ChannelError, match="Pipe mode alone; set its InputMode to Pipe"):
        channel(layout, mode, "text/csv", "RecordIO").batches(attributes=NAMES)


def test_an_option_that_it_has_not(layout: Layout) -> None:
    train = channel(layout, InputMode.PIPE, "text/csv", "RecordIO")
    with pytest.raises(ChannelError, match="augmented manifest has no option label_size"):
        train.batches(attributes=NAMES, label_size=1, multipart="dmlc")


@pytest.mark.parametrize(("kept", "last"), [(13, "image-ref"), (14, "class")], ids=["one", "two"])
def test_a_stream_that_ends_within_a_line(layout: Layout, kept: int, last: str) -> None:
    parts = [p if isinstance(p, bytes) else p.encode() for line in LINES for p in line]
    train = channel(layout, InputMode.PIPE, None, "RecordIO")
    with Feeder(layout, [framed(*parts[:kept])] * 2):
        records = train.records(attributes=NAMES, timeout=WAIT)
        assert [next(records) for _ in range(4)] == EXPECTED[:4]
        with pytest.raises(RecordError, match=f"train_0, record 4: .*'{last}'; each line has"):
            next(records)
        stopped = train.records(attributes=NAMES, timeout=WAIT, on_fault=OnFault.STOP)
        assert list(stopped) == EXPECTED[:4]


def test_text_that_is_none() -> None:
    lines = ManifestLines(("a", "b-ref"), ("a", "b-ref"))
    stream = framed(b"1", b"\xff", b"\xff", b"2", b"3", b"3")
    with pytest.raises(RecordError, match="train_0, record 1: no UTF-8"):
        list(lines.records(stream, "train_0"))
    skipped = list(lines.records(stream, "train_0", on_fault=OnFault.SKIP))
    assert skipped == [{"a": "1", "b-ref": b"\xff"}, {"a": "3", "b-ref": b"3"}]
    stopped = list(lines.records(stream, "train_0", on_fault=OnFault.STOP))
    assert stopped == skipped[:1]
    batches = lines.batches(stream, "train_0", rows=9)
    assert next(batches)["a"].tolist() == ["1"]  # type: ignore[union-attr]
    with pytest.raises(RecordError, match="train_0, record 1: no UTF-8"):
        next(batches)


@pytest.mark.parametrize("policy", [OnFault.RAISE, OnFault.SKIP])
def test_damaged_framing_cannot_be_skipped(policy: OnFault) -> None:
    """One record more or less, and each value would have another's name."""
    lines = ManifestLines(("a", "b"), ("a", "b"))
    stream = framed(b"1", b"2") + b"damaged!" + framed(b"3", b"4")
    with pytest.raises(RecordError, match="byte 24"):
        list(lines.records(stream, "train_0", on_fault=policy))


def test_a_declaration_for_files_too() -> None:
    with pytest.raises(DeclarationError, match=r"set modes to \['Pipe'\]"):
        Channel("train", modes=["File", "Pipe"], attributes=["class"])
    with pytest.raises(DeclarationError, match="attributes must be a list"):
        Channel("train", modes=["Pipe"], attributes="class")


names = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=5, unique=True)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data(), names)
def test_whatever_the_values_are(data: st.DataObject, attributes: list[str]) -> None:
    values = [st.binary() if name.endswith("-ref") else st.text() for name in attributes]
    lines = data.draw(st.lists(st.tuples(*values), max_size=6))
    payloads = [v if isinstance(v, bytes) else v.encode() for line in lines for v in line]
    reader = ManifestLines(tuple(attributes), tuple(attributes))
    expected = [dict(zip(attributes, line, strict=True)) for line in lines]
    from sm_container.records.recordio import Multipart

    stream = framed(*payloads, multipart=Multipart.CONCAT)
    assert list(reader.records(stream, "x")) == expected


def test_a_fifo_of_another_channel_stays(layout: Layout) -> None:
    os.mkfifo(layout.channel_fifo("train-2", 0))
    train = channel(layout, InputMode.PIPE, None, "RecordIO")
    with Feeder(layout, [STREAM]):
        assert len(list(train.records(attributes=NAMES, timeout=WAIT))) == 5
    assert layout.channel_fifo("train-2", 0).exists()
