"""A stop that comes to an algorithm that looks for it, wherever it is."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from sm_container.contract.inputs import ChannelConfig, InputDataConfig, InputMode
from tests.algorithm.conftest import CALLED, Training, state
from tests.runtime.processes import wait_until


def test_a_loop_that_looks_ends_well_and_saves_its_model(training: Training) -> None:
    training.start("""
        ready()
        while not job.stop.requested:
            time.sleep(0.01)
        say(job.stop.reason, 0 < job.stop.seconds_left <= 120)
        job.save_model(lambda folder: (folder / "saved").write_text("1"))
    """)
    training.is_ready()
    training.tell()
    assert training.end() == (0, [CALLED, "SIGTERM True"])
    assert training.model == ["saved"]
    assert not training.has_failed


def test_an_algorithm_that_the_image_names(training: Training) -> None:
    training.start(
        "ready(); job.stop.wait()", command=("train",), SM_CONTAINER_PROGRAM="train:algorithm"
    )
    training.is_ready()
    training.tell()
    assert training.end() == (0, [CALLED])


def test_the_seconds_are_those_that_the_harness_gives(training: Training) -> None:
    training.start("ready(); job.stop.wait(); say(job.stop.seconds_left <= 50)", seconds=50)
    training.is_ready()
    training.tell()
    assert training.end() == (0, [CALLED, "True"])


def test_twice_is_once(training: Training) -> None:
    training.start("""
        job.stop.callback(lambda: (sys.stdin.readline(), say("and saved")))
        ready()
        job.stop.wait()
        say(job.stop.requested)
    """)
    pid = training.is_ready()
    training.tell()
    assert training.line() == CALLED
    os.kill(pid, signal.SIGTERM)
    training.go_on()
    assert training.end() == (0, ["and saved", "True"])


def test_callbacks_of_who_never_looks_are_called_at_the_end(training: Training) -> None:
    training.start("""
        ready()
        sys.stdin.readline()
        say("trained")
    """)
    os.kill(training.is_ready(), signal.SIGTERM)
    training.go_on()
    assert training.end() == (0, ["trained", CALLED])


def test_another_exception_is_a_failure_and_callbacks_are_called(training: Training) -> None:
    training.start("""
        ready()
        sys.stdin.readline()
        raise OSError("no space left for the checkpoint")
    """)
    os.kill(training.is_ready(), signal.SIGTERM)
    training.go_on()
    assert training.end() == (1, [CALLED])
    assert "no space left for the checkpoint" in training.log
    assert training.has_failed


def test_an_exception_of_a_callback_is_a_failure(training: Training) -> None:
    training.start("job.stop.callback(lambda: 1 // 0); ready(); job.stop.wait()")
    training.is_ready()
    training.tell()
    assert training.end() == (1, [CALLED])
    assert training.tree.failure().startswith("ZeroDivisionError")


def test_who_wants_to_leave_at_once(training: Training) -> None:
    training.start("""
        ready()
        try:
            while True:
                job.stop.raise_if_requested()
                time.sleep(0.01)
        except Exception:
            say("never")
    """)
    training.is_ready()
    training.tell()
    assert training.end() == (0, [CALLED])


@pytest.mark.parametrize("prefetch", [0, 2])
@pytest.mark.parametrize("there", ["nothing", "a FIFO", "a silent writer"])
def test_blocked_in_a_channel(training: Training, there: str, prefetch: int) -> None:
    layout = training.tree.layout
    config = ChannelConfig(InputMode.PIPE, "text/csv", "FullyReplicated", None)
    InputDataConfig({"train": config}).write(layout.input_data_config)
    fifo = layout.channel_fifo("train", 0)
    if there != "nothing":
        os.mkfifo(fifo)
    training.start(f"""
        ready()
        for batch in job.channels["train"].batches(1, prefetch={prefetch}):
            say("never")
        say("ended", job.stop.requested)
    """)
    pid = training.is_ready()
    writer = -1
    if there == "a silent writer":
        writer = os.open(fifo, os.O_WRONLY)  # returns when the algorithm has opened it
        os.write(writer, b"7,")
    wait_until(lambda: state(pid) == "S", "the program to block")
    training.tell()
    assert training.end() == (0, [CALLED, "ended True"])
    if writer >= 0:
        os.close(writer)


def test_a_long_call_into_c_is_not_interrupted_and_counts(training: Training) -> None:
    """The main thread is in C, and does not leave it for a signal, until it is let go."""
    training.start(
        """
        wait_in_c()
        left_c = time.monotonic()
        job.stop.wait()
        say(left_c, time.monotonic() + job.stop.seconds_left - 50)
    """,
        seconds=50,
    )
    training.is_ready()
    training.tell()
    note = Path(f"/proc/{training.process.pid}/fd")
    notes = [path for path in note.iterdir() if "memfd:" in os.readlink(path)]
    wait_until(lambda: notes[0].read_text(), "the supervisor to have taken the signal")
    training.go_on()
    code, [called, figures] = training.end()
    assert (code, called) == (0, CALLED)
    left_c, told_at = map(float, figures.split())
    assert told_at < left_c


def test_while_a_model_is_saved(training: Training) -> None:
    training.start("job.save_model(write_slowly); say('goes on', job.stop.requested)")
    os.kill(training.is_ready(), signal.SIGTERM)
    training.go_on()
    assert training.end() == (0, [CALLED, "goes on True"])
    assert training.model == ["whole"]


def test_a_model_that_takes_too_long_is_not_saved_by_half(training: Training) -> None:
    training.start(
        "job.save_model(lambda to: (to / 'first').touch()); job.save_model(write_slowly)",
        seconds=0.5,
    )
    training.is_ready()
    training.tell()
    assert training.end() == (128 + signal.SIGKILL, [])
    assert training.model == ["first"]
    assert not training.has_failed
