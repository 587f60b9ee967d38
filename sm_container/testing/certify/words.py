"""What a failure file tells its reader: of what it speaks, and whether that is of any use.

The rules are this project's own. The service shows the first 1024 characters, whatever they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sm_container.contract.outcome import FAILURE_LIMIT

_TRACEBACK = "Traceback (most recent call last):"
_FRAME = re.compile(r'\s+File "')
_PLACE = re.compile(r"at \S+:\d+ in ")  # of this library's own failure files
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
    """What a failure says, without the lines that only show where in the code it was."""
    return "\n".join(_without_code(failure.splitlines())).strip()


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


def first_line(text: str, limit: int = 200) -> str:
    """The first line of a text, cut; of a traceback the line that says what went wrong."""
    lines = message_of(text).splitlines() or text.strip().splitlines() or [""]
    line = lines[0].strip()
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _without_code(lines: list[str]) -> Iterator[str]:
    """In a traceback all is indented but what went wrong."""
    in_frames = False
    for line in lines:
        if line.startswith(_TRACEBACK) or _FRAME.match(line):
            in_frames = True
        elif in_frames and (line.startswith(" ") or not line.strip()):
            continue
        elif not _PLACE.match(line):
            in_frames = False
            yield line
