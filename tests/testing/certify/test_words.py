"""What a failure file tells its reader."""

from __future__ import annotations

import pytest

from sm_container.testing.certify.words import (
    first_line,
    message_of,
    names_channel,
    says_no_data,
    telling_line,
    uselessness,
)

TRACEBACK = """Traceback (most recent call last):
  File "/opt/ml/code/train.py", line 12, in <module>
    train(channels["train"])
    ~~~~~^^^^^^^^^^^^^^^^^^^
  File "/opt/ml/code/train.py", line 3, in train

    data = numpy.concatenate(parts)
ValueError: need at least one array to concatenate
"""
OF_THE_LIBRARY = """ValueError: need at least one array to concatenate
at train.py:3 in train: x = numpy.concatenate(job.channels["train"].batches())"""

OF_A_SCRIPT = """exit code 2: /usr/bin/python3 train.py --epochs no-number
standard error ends with:
usage: train.py [--epochs EPOCHS]
                [--train TRAIN]
train.py: error: argument --epochs: invalid int value: 'no-number'"""


@pytest.mark.parametrize("failure", [TRACEBACK, OF_THE_LIBRARY])
def test_where_in_the_code_it_was_is_no_part_of_the_message(failure: str) -> None:
    assert message_of(failure) == "ValueError: need at least one array to concatenate"


def test_how_the_program_was_called_is_no_part_of_the_message() -> None:
    assert message_of(OF_A_SCRIPT).splitlines() == [
        "exit code 2",
        "train.py: error: argument --epochs: invalid int value: 'no-number'",
    ]
    killed = "ended by signal 9 (SIGKILL), which most often means that memory ran out"
    assert message_of(f"{killed}: /usr/bin/python3 train.py") == killed
    assert message_of("exit code 1: the disk is full") == "exit code 1: the disk is full"


def test_the_line_that_says_it_is_shown() -> None:
    assert "invalid int value" in telling_line(OF_A_SCRIPT)
    assert telling_line(OF_A_SCRIPT, lambda line: "code" in line) == "exit code 2"
    assert telling_line(OF_THE_LIBRARY).startswith("ValueError: need")
    assert telling_line("one\ntwo", lambda line: "w" in line) == "two"


@pytest.mark.parametrize(
    "failure",
    [
        "ChannelError: channel train is required and the job has none of that name",
        "no channel 'train' in this job",
        "KeyError: 'train'",
        'the input "train" is missing',
        "FileNotFoundError: [Errno 2] No such file or directory: '/opt/ml/input/data/train'",
        "cannot open /opt/ml/input/data/train_0",
        "KeyError: 'SM_CHANNEL_TRAIN'",
        "the train channel is empty",
        "channels: train is missing",
    ],
)
def test_a_channel_is_named(failure: str) -> None:
    assert names_channel(failure, "train")


@pytest.mark.parametrize(
    "failure",
    [
        TRACEBACK,
        OF_THE_LIBRARY,
        "RuntimeError: cannot train on nothing",
        "train.py failed",
        "failed to train: no data",
        "channel train-2 is missing",
        "cannot open /opt/ml/input/data/training",
        "channel validation is missing",
    ],
)
def test_a_channels_name_that_stands_there_by_accident_names_it_not(failure: str) -> None:
    assert not names_channel(failure, "train")


def test_a_name_that_is_no_word_is_one_wherever_it_stands() -> None:
    assert names_channel("nothing came for eval_2", "eval_2")
    assert not names_channel("nothing came for eval_20", "eval_2")


@pytest.mark.parametrize(
    "failure",
    [
        "pandas.errors.EmptyDataError: No columns to parse from file",
        "ValueError: Found array with 0 sample(s) (shape=(0, 4)) while a minimum of 1 is required",
        "channel has no training records",
        "the file is empty",
        "there must be at least one row",
    ],
)
def test_the_lack_of_data_is_said(failure: str) -> None:
    assert says_no_data(failure)


@pytest.mark.parametrize(
    "failure", [TRACEBACK, OF_THE_LIBRARY, "IndexError: list index out of range"]
)
def test_a_riddle_says_nothing_of_data(failure: str) -> None:
    assert not says_no_data(failure)


@pytest.mark.parametrize(
    ("failure", "fault"),
    [
        (None, "no /opt/ml/output/failure"),
        (" \n", "an empty /opt/ml/output/failure"),
        ("ValueError:", "says no more than 'ValueError:'"),
        ("AssertionError", "says no more than"),
        ("Training failed.", "says no more than"),
        ("an unknown error occurred", "says no more than"),
        ("exit code: 1", "says no more than"),
        ("exit code 3: /usr/bin/python3 train.py --epochs no-number", "says no more than"),
        ("Traceback (most recent call last):\n" + '  File "x", line 1\n' * 70, "is cut off"),
    ],
)
def test_a_useless_failure(failure: str | None, fault: str) -> None:
    assert fault in (uselessness(failure) or "")


@pytest.mark.parametrize(
    "failure", [TRACEBACK, "KeyError: 'train'", "MemoryError", "out of memory", "disk full"]
)
def test_a_failure_that_says_something(failure: str) -> None:
    assert uselessness(failure) is None


def test_the_first_line_is_what_went_wrong_and_is_cut() -> None:
    assert first_line(TRACEBACK).startswith("ValueError: need")
    assert first_line("") == ""
    assert first_line("x" * 300) == "x" * 199 + "…"
