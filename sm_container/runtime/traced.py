"""Printed tracebacks, read back from an output: the exceptions, and where they came from."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

# Tracebacks further apart than this many lines are of different events; a program that wrote
# more than _STALE lines after one had survived it.
_TOGETHER = 40
_STALE = 200
_MESSAGE_LINES = 8
_LONGEST = 2000

_HEADER = "Traceback (most recent call last):"
_GROUP = "Exception Group "
_FRAME = re.compile(r'  File "(?P<file>.*)", line (?P<line>\d+)(?:, in (?P<function>.*))?')
_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*(?::(?: .*)?)?")
_CHAINED = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)
# The lines of an exception group that stand above each member and below the last.
_MEMBER = re.compile(r"[ |]*\+[-+]* (?P<number>\d+|\.\.\.) -+")
_GROUP_END = re.compile(r"[ |]*\+-+")
_LOGGED = re.compile(r"\b(?:DEBUG|INFO|WARN(?:ING)?|ERROR|CRITICAL|EXCEPTION)\b")


@dataclass(frozen=True)
class Frame:
    """One line of a traceback."""

    file: str
    line: int
    function: str
    source: str = ""


@dataclass(frozen=True)
class Traced:
    """An exception: its type and message, its frames (innermost last), what it came from."""

    exception: str
    frames: tuple[Frame, ...]
    cause: Traced | None = None


@dataclass(frozen=True)
class _Block:
    """A printed traceback, on the lines from ``start`` to before ``end``."""

    traced: Traced
    start: int
    end: int
    is_logged: bool


def first_failures(lines: list[str]) -> tuple[list[Traced], int]:
    """The tracebacks of the last event in an output, in order, and the line after the last.

    Several processes that fail one after the other print theirs together, the root cause first.
    Such as a logger printed are left out where there are others: somebody had caught those.
    """
    blocks = list(_blocks(lines))
    if not blocks or len(lines) - blocks[-1].end > _STALE:
        return [], 0
    event = [blocks[-1]]
    for block in reversed(blocks[:-1]):
        if event[0].start - block.end > _TOGETHER:
            break
        event.insert(0, block)
    uncaught = [block for block in event if not block.is_logged]
    return [block.traced for block in uncaught or event], max(block.end for block in event)


def _blocks(lines: list[str]) -> Iterator[_Block]:
    """The printed tracebacks, those of one chain or group as one."""
    last: _Block | None = None
    for at, line in enumerate(lines):
        prefix, header, _ = line.partition(_HEADER)
        block = _block(lines, at, prefix) if header else None
        if block is None:
            continue
        if last is None:
            last = block
            continue
        between = [item for item in lines[last.end : at] if item.strip()]
        member = _MEMBER.fullmatch(between[0]) if len(between) == 1 else None
        if member is not None:  # a group goes by its first
            cause = block.traced if last.traced.cause is None else last.traced.cause
            last = replace(last, traced=replace(last.traced, cause=cause), end=block.end)
        elif _is_chained(between, prefix):
            last = replace(last, traced=replace(block.traced, cause=last.traced), end=block.end)
        else:
            yield last
            last = block
    if last is not None:
        yield last


def _block(lines: list[str], start: int, prefix: str) -> _Block | None:
    """The traceback whose header is at ``start``; None if its exception is not in the lines.

    A launcher puts a ``prefix`` such as ``[rank0]: `` before every line of a process; lines of
    other processes that stand between are passed over.
    """
    inner = "  | " if prefix.endswith(_GROUP) else prefix
    frames: list[Frame] = []
    for at in range(start + 1, min(len(lines), start + _LONGEST)):
        if not lines[at].startswith(inner):
            continue
        body = lines[at][len(inner) :]
        match = _FRAME.fullmatch(body)
        if match is not None:
            function = match["function"] or "<module>"
            frames.append(Frame(match["file"], int(match["line"]), function))
        elif body.startswith("    ") and frames and not frames[-1].source:
            last = frames.pop()
            frames.append(Frame(last.file, last.line, last.function, body.strip()))
        elif body.startswith(_HEADER) or body in _CHAINED:
            return None
        elif not body.startswith(" ") and _EXCEPTION.fullmatch(body):
            message = _message(lines, at, inner)
            exception = "\n".join(message).strip().removesuffix(":")
            is_logged = start > 0 and _LOGGED.search(lines[start - 1]) is not None
            end = at + len(message)
            end += lines[end : end + 1] != [] and _GROUP_END.fullmatch(lines[end]) is not None
            return _Block(Traced(exception, tuple(frames)), start, end, is_logged)
    return None


def _message(lines: list[str], at: int, prefix: str) -> list[str]:
    """The exception's line and those that its message goes on in."""
    message = [lines[at][len(prefix) :]]
    rest = [*lines[at + 1 : at + 1 + _MESSAGE_LINES], ""]
    for line, following in itertools.pairwise(rest):
        body = line[len(prefix) :]
        # The line above a traceback says whose it is: "Process ForkProcess-1:".
        if not line.startswith(prefix) or _HEADER in body or _HEADER in following:
            break
        if not body.strip() or body == '"""' or _GROUP_END.fullmatch(line):
            break
        message.append(body)
    return message


def _is_chained(between: list[str], prefix: str) -> bool:
    """Whether the lines between two tracebacks say that the second came of the first."""
    said = [line.removeprefix(prefix).strip() for line in between if line.startswith(prefix)]
    said = [line for line in said if line and line != '"""']
    return len(said) == 1 and said[0] in _CHAINED
