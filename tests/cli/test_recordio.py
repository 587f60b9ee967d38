"""``recordio head``, ``stat`` and ``convert`` as a person uses them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sm_container.records.batch import Batch
from sm_container.records.csr import Csr
from sm_container.records.formats import format_of
from sm_container.records.recordio import RecordWriter
from tests.cli.test_terminal import Terminal

MAGIC = bytes.fromhex("0a23d7ce")


def write(path: Path, batch: Batch, content_type: str | None = None) -> None:
    with path.open("wb") as sink:
        format_of(content_type, path.name).write([batch], sink)


@pytest.fixture
def numbers() -> Batch:
    features = np.arange(24, dtype=np.float32).reshape(3, 8) / 2
    return Batch({"features": features, "label": np.array([1, 0, 5], np.float32)})


def test_head_shows_the_first_records_shortened(desk: Any, invoke: Any, numbers: Batch) -> None:
    write(desk.folder / "a.pbr", numbers)
    done = invoke("recordio", "head", "-n", "2", "a.pbr")

    assert done.exit_code == 0
    assert done.stdout == (
        "0  features  float32[8]: 0 0.5 1 1.5 2 2.5 …\n"
        "   label     1\n"
        "1  features  float32[8]: 4 4.5 5 5.5 6 6.5 …\n"
        "   label     0\n"
    )


@pytest.mark.parametrize("name", ["a.pbr", "a.msgpack", "a.csv", "a.jsonl", "a.parquet"])
def test_head_as_json_has_every_value(desk: Any, invoke: Any, numbers: Batch, name: str) -> None:
    write(desk.folder / name, numbers)
    found = json.loads(invoke("recordio", "head", name, "--json").stdout)

    assert [record["label"] for record in found] == [1, 0, 5]
    assert [record["features"] for record in found] == numbers["features"].tolist()


def test_head_of_sparse_rows(desk: Any, invoke: Any) -> None:
    (desk.folder / "a.libsvm").write_bytes(b"1 3:0.5 7:2\n")

    assert "float32[8], sparse: 3:0.5 7:2" in invoke("recordio", "head", "a.libsvm").stdout
    (found,) = json.loads(invoke("recordio", "head", "--json", "a.libsvm").stdout)
    assert found["features"] == {"columns": 8, "indices": [3, 7], "values": [0.5, 2]}


def test_head_of_what_would_steer_a_terminal(desk: Any, invoke: Any) -> None:
    (desk.folder / "a.jsonl").write_text(json.dumps({"t\x1b[2J": "\x1b[31mred\n"}))
    done = invoke("recordio", "head", "a.jsonl")

    assert done.exit_code == 0
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(("form", "kind"), [("protobuf", "protobuf"), ("msgpack", "msgpack")])
def test_a_recordio_file_says_itself_what_its_records_are(
    desk: Any, invoke: Any, numbers: Batch, form: str, kind: str
) -> None:
    write(desk.folder / "part-0001", numbers, form)
    found = json.loads(invoke("recordio", "stat", "part-0001", "--json").stdout)

    size = (desk.folder / "part-0001").stat().st_size
    assert found["ContentType"] == f"application/x-recordio-{kind}"
    assert (found["Records"], found["Bytes"], found["PayloadKind"]) == (3, size, kind)
    lengths = found["PayloadBytes"]
    assert lengths["min"] <= lengths["mean"] <= lengths["max"] <= (size - 24) / 3
    assert found["Columns"]["features"] == {"DTypes": ["float32"], "Shapes": [[8]]}
    assert found["Columns"]["label"]["Range"] == [0, 5]


def test_stat_counts_records_of_several_parts(desk: Any, invoke: Any) -> None:
    payloads = [b"abc", MAGIC, b"x" * 1000, b"abcd" + MAGIC, b""]
    with (desk.folder / "a.rec").open("wb") as sink:
        writer = RecordWriter(sink)
        for payload in payloads:
            writer.write(payload)
    done = invoke("recordio", "stat", "a.rec")

    assert done.exit_code == 0
    shown = dict(line.split("  ", 1) for line in done.stdout.splitlines())
    assert {name: text.strip() for name, text in shown.items()} == {
        "content type": "application/x-recordio",
        "records": "5",
        "size": "1.1 kB",
        "payloads": "opaque",
        "lengths": "0 to 1000 bytes, 203.0 in the mean",
        "multi-part": "2",
        "data": "bytes",
    }


def test_stat_of_sparse_rows(desk: Any, invoke: Any) -> None:
    features = Csr(np.ones(3), np.array([0, 2, 1]), np.array([0, 2, 2, 3]), 4)
    write(desk.folder / "a.pbr", Batch({"features": features, "label": np.zeros(3)}))

    assert "float64[4], sparse, 3 entries" in invoke("recordio", "stat", "a.pbr").stdout


def test_a_damaged_file_is_said_in_one_line(desk: Any, invoke: Any, numbers: Batch) -> None:
    write(desk.folder / "a.pbr", numbers)
    file = desk.folder / "a.pbr"
    third = file.stat().st_size // 3
    file.write_bytes(file.read_bytes()[: 2 * third + 20])
    for words in (("stat", "a.pbr"), ("head", "a.pbr"), ("convert", "a.pbr", "a.csv")):
        done = invoke("recordio", *words)
        assert done.exit_code == 2
        assert f"Error: a.pbr, record 2, byte {2 * third}: " in done.stderr
    assert not (desk.folder / "a.csv").exists()


def test_convert_there_and_back(desk: Any, numbers: Batch) -> None:
    (desk.folder / "a.csv").write_bytes(b"1,0.5,2\n0,1,3\n")
    done = desk.run("recordio", "convert", "a.csv", "a.pbr")
    size = (desk.folder / "a.pbr").stat().st_size
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"a.pbr: 2 records, {size} B\n")
    assert desk.run("recordio", "convert", "a.pbr", "b.csv").returncode == 0
    assert (desk.folder / "b.csv").read_bytes() == b"1,0.5,2\n0,1,3\n"
    (desk.folder / "one.csv").write_bytes(b"1,0.5,2\n")
    assert desk.run("recordio", "convert", "one.csv", "c.csv").stderr == "c.csv: 1 record, 8 B\n"


def test_convert_a_folder(desk: Any, numbers: Batch) -> None:
    for name in ("a.csv", "below/b.csv"):
        (desk.folder / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        write(desk.folder / "in" / name, numbers)

    done = desk.run("recordio", "convert", "in", "in/out", "--to", "protobuf")

    assert done.returncode == 0, done.stderr
    assert "in/out/a.pbr: 3 records" in done.stderr
    first = (desk.folder / "in/out/a.pbr").read_bytes()
    assert (desk.folder / "in/out/below/b.pbr").read_bytes() == first
    write(desk.folder / "a.pbr", numbers)
    assert first == (desk.folder / "a.pbr").read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("in", "out"), "with --to"),
        (("in", "-", "--to", "csv"), "name a folder"),
        (("in", "a.csv", "--to", "csv"), "is a file"),
        (("in", "out", "--to", "foo"), "foo"),
        (("in", "out", "--to", "protobuf"), "would both become"),
        (("empty", "out", "--to", "csv"), "has no files"),
        (("a.csv", "in"), "is a folder"),
    ],
)
def test_convert_says_what_is_wrong_with_folders(
    desk: Any, numbers: Batch, words: tuple[str, ...], said: str
) -> None:
    for folder in ("in", "empty"):
        (desk.folder / folder).mkdir()
    for name in ("a.csv", "in/x.csv", "in/x.jsonl"):
        write(desk.folder / name, numbers)

    done = desk.run("recordio", "convert", *words)

    assert done.returncode == 2
    assert said in done.stderr
    assert not (desk.folder / "out").exists()


def test_convert_named_columns(desk: Any, invoke: Any) -> None:
    (desk.folder / "a.csv").write_bytes(b"hour,carrier,delay\n5,UA,2.5\n6,AA,-1\n")
    words = ("recordio", "convert", "--from", "text/csv; header=true", "a.csv", "b.csv")

    done = invoke(*words, "--label", "delay", "--columns", "delay, hour")
    assert done.exit_code == 0
    assert (desk.folder / "b.csv").read_bytes() == b"2.5,5\n-1,6\n"
    done = invoke(*words, "--label", "delay")
    assert done.exit_code == 2
    assert "the column 'carrier' is objects (str), not numbers" in done.stderr


def test_from_the_input_to_the_output(desk: Any) -> None:
    words = [sys.executable, "-m", "sm_container", "recordio", "convert", "-", "-"]
    done = subprocess.run(
        [*words, "--from", "csv", "--to", "jsonlines"],
        input=b"1,2\n3,4\n",
        capture_output=True,
        cwd=desk.folder,
        env=desk.environment,
        check=True,
    )
    assert done.stdout == b'{"features": [2.0], "label": 1.0}\n{"features": [4.0], "label": 3.0}\n'
    assert done.stderr == b"2 records\n"


def piped(desk: Any, data: bytes, *words: str) -> subprocess.CompletedProcess[bytes]:
    """``recordio`` with these bytes in a pipe as its input."""
    return subprocess.run(
        [sys.executable, "-m", "sm_container", "recordio", *words],
        input=data,
        capture_output=True,
        cwd=desk.folder,
        env=desk.environment,
    )


_TYPES = {"a.jsonl": "jsonlines"}


@pytest.mark.parametrize("name", ["a.pbr", "a.msgpack", "a.csv", "a.jsonl", "a.libsvm", "a.rec"])
def test_the_input_is_described_as_a_file_is(desk: Any, numbers: Batch, name: str) -> None:
    file = desk.folder / name
    if name == "a.rec":
        with file.open("wb") as sink:
            RecordWriter(sink).write_frames([b"abcd" + MAGIC, b"x" * 3_000_000, b""])
    else:
        write(file, numbers)
    options = (
        () if name in ("a.pbr", "a.msgpack", "a.rec") else ("--from", _TYPES.get(name, name[2:]))
    )
    of_file = json.loads(desk.run("recordio", "stat", "--json", name).stdout)
    done = piped(desk, file.read_bytes(), "stat", "--json", "-", *options)

    assert done.stderr == b""
    assert json.loads(done.stdout) == of_file | {"File": "-"}
    assert of_file["Bytes"] == file.stat().st_size
    head = piped(desk, file.read_bytes(), "head", "-", *options)
    assert head.stdout.decode() == desk.run("recordio", "head", name).stdout


def test_the_input_may_be_a_file(desk: Any, numbers: Batch) -> None:
    write(desk.folder / "a.parquet", numbers)
    with (desk.folder / "a.parquet").open("rb") as file:
        done = subprocess.run(
            [sys.executable, "-m", "sm_container", "recordio", "stat", "-", "--json"],
            stdin=file,
            capture_output=True,
            env=desk.environment,
        )
    found = json.loads(done.stdout)
    assert (found["Records"], found["Bytes"]) == (3, (desk.folder / "a.parquet").stat().st_size)


def test_what_is_wrong_with_the_input_is_one_line(desk: Any, numbers: Batch) -> None:
    write(desk.folder / "a.pbr", numbers)
    write(desk.folder / "a.parquet", numbers)
    whole = (desk.folder / "a.pbr").read_bytes()
    third = len(whole) // 3
    for words in (("stat", "-"), ("head", "-"), ("convert", "-", "b.csv")):
        done = piped(desk, whole[: 2 * third + 20], *words)
        assert done.returncode == 2
        assert f"Error: the input, record 2, byte {2 * third}: " in done.stderr.decode()
    done = piped(desk, (desk.folder / "a.parquet").read_bytes(), "stat", "-")
    assert (
        done.stderr == b"Error: parquet is read from its end, which a pipe has not: name a file\n"
    )
    assert not (desk.folder / "b.csv").exists()


@pytest.mark.parametrize("options", [(), ("--from", "protobuf")])
def test_the_first_records_are_shown_while_the_input_goes_on(
    desk: Any, numbers: Batch, options: tuple[str, ...]
) -> None:
    write(desk.folder / "a.pbr", Batch({name: each[:1] for name, each in numbers.items()}))
    record = (desk.folder / "a.pbr").read_bytes()
    process = subprocess.Popen(
        [sys.executable, "-m", "sm_container", "recordio", "head", "-n", "1", "-", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=desk.environment,
    )
    assert process.stdin is not None
    for byte in record * (1 if options else 100):  # what is looked at to guess
        process.stdin.write(bytes([byte]))
        process.stdin.flush()
    assert process.stdout is not None
    assert process.stdout.readline() == b"0  features  float32[8]: 0 0.5 1 1.5 2 2.5 \xe2\x80\xa6\n"
    assert process.wait(60) == 0
    process.stdin.close()
    process.stdout.close()


def test_the_input_is_converted_into_a_file(desk: Any) -> None:
    done = piped(desk, b"1,2\n3,4\n", "convert", "-", "a.pbr", "--from", "text/csv; label_size=0")

    assert (done.returncode, done.stderr) == (0, b"2 records\n")
    assert "float32[2], 1 to" not in desk.run("recordio", "stat", "a.pbr").stdout
    assert desk.run(
        "recordio", "convert", "a.pbr", "-", "--to", "text/csv; label_size=0"
    ).stdout == ("1,2\n3,4\n")


def test_a_reader_that_has_enough_is_no_fault(desk: Any) -> None:
    (desk.folder / "a.csv").write_bytes(b"1,2\n" * 200_000)
    process = desk.start("recordio", "convert", "a.csv", "-", "--to", "jsonlines")
    assert process.stdout.readline() == '{"features": [2.0], "label": 1.0}\n'
    process.stdout.close()
    process.stdout = None

    assert process.wait(60) == 0
    assert process.stderr.read() == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("head", "no.csv"), "'no.csv' does not exist"),
        (("head", "a.foo"), "'a.foo' does not say its format"),
        (("head", "a.csv", "--from", "text/foo"), "'text/foo' is not known here"),
        (("head", "-n", "-1", "a.csv"), "-1 is not in the range"),
        (("convert", "a.csv", "b.foo"), "'b.foo' does not say its format"),
        (("convert", "a.csv", "-"), "--to"),
        (("convert", "a.csv", "no/b.pbr"), "no: no such folder"),
        (("convert", "a.csv", "b.pbr", "--label", "x", "--no-label"), "exclude each other"),
        (("convert", "a.csv", "b.png"), "no place for features"),
        (("heat", "a.csv"), "No such command 'heat'"),
    ],
)
def test_bad_input_is_one_line_and_code_2(
    desk: Any, invoke: Any, words: tuple[str, ...], said: str
) -> None:
    (desk.folder / "a.csv").write_bytes(b"1,2\n")
    (desk.folder / "a.foo").write_bytes(b"1,2\n")
    done = invoke("recordio", *words)

    assert done.exit_code == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert sorted(each.name for each in desk.folder.iterdir()) == ["a.csv", "a.foo"]


def test_an_input_that_does_not_say_what_it_is(desk: Any) -> None:
    done = desk.run("recordio", "convert", "-", "a.csv")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Error: these bytes do not say their format: give it with --from\n"
    assert list(desk.folder.iterdir()) == []


def test_a_terminal_has_a_bar(desk: Any) -> None:
    (desk.folder / "a.csv").write_bytes(b"1,2\n" * 300_000)
    terminal = Terminal(desk, "recordio", "convert", "a.csv", "a.jsonl")

    assert terminal.close() == 0
    assert "100%" in terminal.text or "1.2/1.2 MB" in terminal.text
    assert "a.jsonl: 300,000 records" in terminal.text
