"""What a failure file tells its reader: of what it speaks, and whether that is of any use.

The rules are this project's own. The service shows the first 1024 characters, whatever they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from sm_container.contract.outcome import FAILURE_LIMIT

_TRACEBACK = "Traceback (most recent call last):"
_FRAME = re.compile(r'\s+File "')
# Of the failure files that sm-train writes: where it was, and how the program was called, with all
# hyperparameters and whatever else there may be to name.
_PLACE = re.compile(r"at \S+:\d+ in ")
_CALLED = re.compile(r"((?:exit code|ended by signal) \d+\b[^:\n]*): '?/.*")
_HEADING = "standard error ends with:"
_USAGE = "usage: "  # argparse's and click's: it names all that there is
_EXIT_CODE = re.compile(r"exit code \d+")
_LINE_LIMIT = 200
_BARE = re.compile(r"(?!MemoryError)[\w.]*\W*")
_EMPTY_WORDS = re.compile(
    r"(?:an? )?(?:unknown |unexpected |internal )?(?:error|failure|exception)(?: occurred)?"
    r"|(?:the )?(?:training|job|algorithm|program|script|run)(?: job| script)? (?:has )?failed"
    r"|failed|something went wrong|exit (?:code|status):? \d+|\d+",
    re.IGNORECASE,
)
_THINGS = (
    "data|records?|rows?|lines?|samples?|examples?|observations?|instances?|files?|columns?|values?"
    "|images?|bytes?|points?|batch(?:es)?|objects?|inputs?"
)
_NO_DATA = re.compile(
    rf"empty|\b(?:no|zero|0|without|any) (?:\w+ )?(?:{_THINGS})\b"
    rf"|\bat least (?:one|1) (?:\w+ )?(?:{_THINGS})\b|\bnothing (?:to|in)\b",
    re.IGNORECASE,
)


def message_of(failure: str) -> str:
    """What a failure says, without what only shows where in the code it was, or how the program
    was called."""
    lines = [line for line in _without_code(failure.splitlines()) if line != _HEADING]
    if lines:
        lines[0] = _CALLED.sub(r"\1", lines[0])
    return "\n".join(lines).strip()


def names_channel(failure: str, channel: str) -> bool:
    """Whether a failure speaks of a channel, and does not just have its name in it: ``train`` is a
    word of many sentences, and of most stack traces."""
    name = re.escape(channel)
    variable = re.escape(re.sub(r"\W", "_", channel).upper())
    forms = [
        rf"['\"`\u2018\u201c]{name}['\"`\u2019\u201d]",
        rf"\bchannels?['\"`]?(?: name| named)?\W{{0,3}}\s*{name}(?![\w-])",
        rf"(?<![\w./-]){name} (?:input |training )?(?:channel|data|folder|directory|files?)\b",
        rf"input/data/{name}(?:_\d+)?(?![\w.-])",
        rf"\bSM_CHANNEL_{variable}\b",
    ]
    if re.search(r"[\W\d_]", channel):  # no word of any language
        forms.append(rf"(?<![\w-]){name}(?![\w-])")
    said = message_of(failure)
    return any(re.search(form, said) for form in forms)


def says_no_data(failure: str) -> bool:
    """Whether a failure says that there is no data."""
    return _NO_DATA.search(message_of(failure)) is not None


def uselessness(failure: str | None) -> str | None:
    """What is wrong with the text of a failure; None where it says something."""
    if failure is None or not failure.strip():
        return "no /opt/ml/output/failure" if failure is None else "an empty /opt/ml/output/failure"
    if failure.lstrip().startswith(_TRACEBACK) and len(failure) >= FAILURE_LIMIT:
        return "a failure file that begins with a traceback, whose end, what went wrong, is cut off"
    said = message_of(failure).strip(" .!\n")
    if _BARE.fullmatch(said) or _EMPTY_WORDS.fullmatch(said):
        return f"a failure file that says no more than {first_line(failure)!r}"
    return None


def first_line(text: str) -> str:
    """The first line of a text, cut; of a traceback the line that says what went wrong."""
    lines = message_of(text).splitlines() or text.strip().splitlines() or [""]
    return _cut(lines[0])


def telling_line(failure: str, says: Callable[[str], bool] = lambda line: False) -> str:
    """The line of a failure to show where there is room for one, cut: the first of which ``says``
    holds; else the first, or the last one on standard error where the first is an exit code."""
    lines = [line for line in message_of(failure).splitlines() if line.strip()]
    for line in lines:
        if says(line):
            return _cut(line)
    if lines and _EXIT_CODE.fullmatch(lines[0]):
        return _cut(lines[-1])
    return first_line(failure)


def _cut(line: str) -> str:
    line = line.strip()
    return line if len(line) <= _LINE_LIMIT else f"{line[: _LINE_LIMIT - 1]}…"


def _without_code(lines: list[str]) -> Iterator[str]:
    """In a traceback all is indented but what went wrong, and in a usage all but its beginning."""
    in_frames = False
    for line in lines:
        if line.startswith(_TRACEBACK) or _FRAME.match(line) or line.lower().startswith(_USAGE):
            in_frames = True
        elif in_frames and (line.startswith(" ") or not line.strip()):
            continue
        elif not _PLACE.match(line):
            in_frames = False
            yield line
