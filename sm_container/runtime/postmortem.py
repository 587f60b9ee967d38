"""Why a program failed, in the 1024 characters that the platform shows.

Made of the end of standard error: the first failure in it is the root cause, later ones follow
from it. Source: developer guide, "How Amazon SageMaker Signals Algorithm
Success and Failure".
"""

from __future__ import annotations

import itertools
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from sm_container.contract.failure import FRAMES, composed, place
from sm_container.contract.layout import Layout
from sm_container.contract.outcome import (
    FAILURE_LIMIT,
    read_failure,
    truncated,
    write_failure,
)
from sm_container.runtime import report
from sm_container.runtime.traced import Frame, Traced, first_failures

_COMMAND_LIMIT = 200
_CONTROL_SEQUENCE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# Frames of the interpreter and of what is installed are not the author's; compiled modules name
# their source as it was called where they were made.
_FOREIGN = re.compile(
    r"/site-packages/|/dist-packages/|/lib/python3\.\d+/|^<frozen |^<string>$"
    r"|^[^/].*\.(?:pyx|pxd|pxi)$"
)
_OWN_FOLDER = str(Path(__file__).parents[1])
_OWN_LINES = "sm-train: "
# The form of what algorithm.main() writes of an exception. Source: contract.failure.
_OWN_FORM = re.compile(r"^at .+:\d+ in ", re.MULTILINE)
_OWN_NAME = re.compile(r"^sm_container\.(?:[a-z_0-9]+\.)+(?=[A-Z])")
_COMPARED = 80


def record(returncode: int, sent: bytes, tail: bytes) -> None:
    """Write the failure file of a program that ended with ``returncode`` (negative: a signal).

    ``sent`` is what came from the child before it became the program, ``tail`` the end of its
    standard error. A failure file that stands already is kept, if the author's code wrote it.
    """
    command, fault = report.parse(sent)
    layout = Layout.from_environment()
    _forget_consequence(layout.failure, tail)
    write(layout, explain(returncode, command, fault, tail, layout.code))


def write(layout: Layout, text: str) -> None:
    """Write the failure file if none stands; says so on standard error where that cannot be.

    Where there is no tree at all there is no platform to read it, and none is made.
    """
    if not layout.base.is_dir():
        return
    try:
        write_failure(layout.failure, text)
    except OSError as error:
        print(
            f"sm-train: cannot write {layout.failure} ({error.strerror}): {text}", file=sys.stderr
        )


def _forget_consequence(path: Path, tail: bytes) -> None:
    """Take away what ``algorithm.main()`` wrote where standard error tells what it came from.

    A process knows its own exception alone, and the first failure may be one of its workers'.
    """
    failures, _ = first_failures(_lines(tail))
    if len(failures) == 1 and failures[0].cause is None:
        return
    try:
        standing = read_failure(path) or ""
        if _OWN_FORM.search(standing):
            head = standing.partition("\n")[0][:_COMPARED]
            if any(head in failure.exception for failure in failures):
                path.unlink()
    except OSError:
        return  # it cannot be replaced, and says what it says


def explain(
    returncode: int, command: str | None, fault: str | None, tail: bytes, code: Path
) -> str:
    """What the failure file says of a program that ended, or never began for a ``fault``.

    Files in the folder ``code`` are named as they are named there.
    """
    lines = _lines(tail)
    if fault is not None:
        return _with_end_of(lines, fault)
    failures, after = first_failures(lines)
    number = -returncode if returncode < 0 else returncode - 128
    if failures and number <= 0:
        text = _description(failures, code)
        return _with_end_of(lines[after:], text)
    how = _how_it_ended(returncode, command)
    if failures:
        return truncated(f"{how}\n{_description(failures, code)}")
    return _with_end_of(lines, how)


def _description(failures: list[Traced], code: Path) -> str:
    """The first failure with its causes and the author's frames, then what followed from it."""
    first, last = failures[0], failures[-1]
    chain = list(_chain(first))
    # A worker's exception is printed twice: in the worker, and raised again in its parent.
    names = [_named(name) for name, _ in itertools.groupby(link.exception for link in chain)]
    consequence = "" if last.exception == first.exception else last.exception
    places = (_place(frame, code) for frame in _frames(chain))
    return composed(names[0], names[1:], places, consequence)


def _chain(traced: Traced) -> Iterator[Traced]:
    """The exception and what caused it, from the last to the root."""
    link: Traced | None = traced
    while link is not None:
        yield link
        link = link.cause


def _frames(chain: list[Traced]) -> list[Frame]:
    """The last frames of the author's code, innermost first, from the root cause outward."""
    frames = [frame for link in reversed(chain) for frame in reversed(link.frames)]
    of_author = [frame for frame in frames if not _is_foreign(frame.file)]
    return list(dict.fromkeys(of_author or frames))[:FRAMES]


def _named(exception: str) -> str:
    """The exception as printed; this library's own without the module, which helps nobody."""
    return _OWN_NAME.sub("", exception)


def _place(frame: Frame, code: Path) -> str:
    file = frame.file.removeprefix(f"{code}{os.sep}")
    return place(file, frame.line, frame.function, frame.source)


def _is_foreign(file: str) -> bool:
    return file.startswith(_OWN_FOLDER + os.sep) or _FOREIGN.search(file) is not None


def _how_it_ended(returncode: int, command: str | None) -> str:
    if returncode < 0:
        text = f"ended by {_signal(-returncode)}"
    else:
        text = f"exit code {returncode}"
        if returncode > 128:
            text += f", as of a shell whose program was ended by {_signal(returncode - 128)}"
    if signal.SIGKILL in (-returncode, returncode - 128):
        text += ", which most often means that memory ran out"
    return text if command is None else f"{text}: {_shortened(command, _COMMAND_LIMIT)}"


def _signal(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"


def _with_end_of(lines: list[str], text: str) -> str:
    """The text, and as many of the last lines as there is room for."""
    end = "\n".join(line for line in lines if not line.startswith(_OWN_LINES)).strip()
    introduction = "\nstandard error ends with:\n"
    room = FAILURE_LIMIT - len(text) - len(introduction)
    if not end or room <= 0:
        return truncated(text)
    return text + introduction + end[-room:]


def _lines(tail: bytes) -> list[str]:
    """The lines as a terminal would show them, progress bars at their last state."""
    text = _CONTROL_SEQUENCE.sub("", tail.decode("utf-8", "replace"))
    return [line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n")]


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
