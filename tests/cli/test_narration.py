"""What is told of a job while it runs."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from sm_container.cli.narration import LogPrinter, Narration
from sm_container.cli.progress import Bars, Lines, progress_on
from sm_container.cli.stream import Stream
from sm_container.harness.job.attempts import Interruption
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import Phase
from tests.cli.records import job


class Sink:
    """A stream and what was written to it."""

    def __init__(self, terminal: bool = False) -> None:
        self.bytes = io.BytesIO()
        file = io.TextIOWrapper(self.bytes, encoding="utf-8", write_through=True)
        file.isatty = lambda: terminal  # type: ignore[method-assign]
        self.stream = Stream(file)

    @property
    def text(self) -> str:
        return self.bytes.getvalue().decode()


def history(record: JobRecord) -> list[JobRecord]:
    """The records that led to this one."""
    return [
        replace(record, transitions=record.transitions[: count + 1], notes=())
        for count in range(len(record.transitions))
    ]


def test_each_status_and_note_is_told_once() -> None:
    out, log = Sink(), Sink()
    narration = Narration(
        out.stream,
        LogPrinter(log.stream, ("algo-1",), out.stream, "first"),
        Lines(out.stream),
    )
    done = job("first", "Completed")

    for record in history(done):
        narration.record(record)
        narration.record(record)
    narration.record(replace(done, notes=("one thing",)))
    narration.record(replace(done, notes=("one thing", "another\x1b[31m")))
    narration.close()

    statuses = [line.split(" ", 1)[1] for line in out.text.splitlines() if " - " in line]
    assert statuses == [f"{each.status.value} - {each.message}" for each in done.transitions]
    assert out.text.count("one thing") == 1
    assert "another\\x1b[31m" in out.text
    assert log.text == ""


@pytest.mark.parametrize(("started", "told"), [(True, 1), (False, 0)])
def test_a_signal_is_told_of_where_there_was_a_program(started: bool, told: int) -> None:
    out = Sink()
    narration = Narration(
        out.stream,
        LogPrinter(out.stream, ("algo-1",), out.stream, "a"),
        Lines(out.stream),
        "a on b",
    )
    record = job("a", "InProgress")
    if not started:
        record = replace(record, transitions=record.transitions[:3])

    narration.record(record)
    narration.record(record.entered(Phase.STOPPING, 2_000_000.0))

    assert out.text.splitlines()[0] == "a on b"
    assert out.text.count("a on b") == 1
    assert out.text.count("SIGTERM was sent") == told


@pytest.mark.parametrize(
    ("warned", "told"),
    [(True, "SIGTERM, grace 2 min"), (False, "SIGKILL, without a warning")],
)
def test_interruptions_are_counted_and_told_once(warned: bool, told: str) -> None:
    out = Sink()
    narration = Narration(
        out.stream, LogPrinter(out.stream, ("algo-1",), out.stream, "a"), Lines(out.stream)
    )
    record = job("a", "InProgress")
    narration.record(record)
    for _ in range(2):
        lost = replace(record.attempts[-1], interruption=Interruption(2_000_000.0, warned))
        record = replace(record, attempts=(*record.attempts[:-1], lost))
        narration.record(record)
        narration.record(record)
        for phase in (Phase.INTERRUPTED, Phase.LAUNCHING, Phase.PREPARING, Phase.DOWNLOADING):
            record = record.entered(phase, 2_000_000.0)
            narration.record(record)
        for phase in (Phase.IMAGE, Phase.TRAINING):
            record = record.entered(phase, 2_000_000.0)
            narration.record(record)

    lines = [line.partition("spot ")[2] for line in out.text.splitlines() if "spot int" in line]
    assert lines == [f"interruption {number}: {told}" for number in (1, 2)]
    assert [line.strip() for line in out.text.splitlines() if "restarted" in line] == [
        "restarted: attempt 2",
        "restarted: attempt 3",
    ]


def test_a_stop_between_two_attempts_has_nobody_to_send_a_signal_to() -> None:
    out = Sink()
    narration = Narration(
        out.stream, LogPrinter(out.stream, ("algo-1",), out.stream, "a"), Lines(out.stream)
    )
    record = job("a", "InProgress").entered(Phase.INTERRUPTED, 2_000_000.0)
    narration.record(record)
    narration.record(record.entered(Phase.STOPPING, 2_000_000.0))
    assert "Stopping" in out.text
    assert "SIGTERM was sent" not in out.text


def test_a_copy_is_a_line_when_it_is_done() -> None:
    out = Sink()
    progress = progress_on(out.stream)

    for done in (0, 50, 100, 100):
        progress.show("train", done, 100)
    progress.show("empty", 0, 0)
    progress.close()

    assert isinstance(progress, Lines)
    assert [line.strip() for line in out.text.splitlines()] == ["train: 100 B", "empty: 0 B"]


def test_bars_hold_hostile_names() -> None:
    out = Sink(terminal=True)
    progress = progress_on(out.stream)

    progress.show("[bold]train[/nothing]", 10, 100)
    progress.show("[bold]train[/nothing]", 100, 100)
    progress.close()
    progress.close()
    progress.show("model", 1, 1)
    progress.close()

    assert isinstance(progress, Bars)
    assert "[bold]train[/nothing]" in out.text
    assert "model" in out.text


def test_one_host_is_copied_byte_for_byte() -> None:
    out, aside = Sink(), Sink()
    printer = LogPrinter(out.stream, ("algo-1",), aside.stream, "first")

    printer.write("algo-1", b"\xff\x00 a\rb\n")

    assert out.bytes.getvalue() == b"\xff\x00 a\rb\n"


def test_of_several_hosts_each_line_says_whose_it_is() -> None:
    out, aside = Sink(), Sink()
    printer = LogPrinter(out.stream, ("algo-1", "algo-10"), aside.stream, "first")

    printer.write("algo-1", b"one\n\xff two\r\n")
    printer.write("algo-10", b"three\n")

    assert out.bytes.getvalue() == b"algo-1  | one\nalgo-1  | \xff two\r\nalgo-10 | three\n"


@pytest.mark.parametrize("chunk", [b"a\x0bb\x1cc\x85d\n", b"a\rb\rc\n", b"\xe2\x80\xa8\n"])
def test_only_a_newline_ends_a_line(chunk: bytes) -> None:
    out, aside = Sink(), Sink()
    printer = LogPrinter(out.stream, ("algo-1", "algo-2"), aside.stream, "first")

    printer.write("algo-2", chunk)

    assert out.bytes.getvalue() == b"algo-2 | " + chunk
