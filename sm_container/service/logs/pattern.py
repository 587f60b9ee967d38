"""Filter patterns: which events FilterLogEvents shows.

Source: CloudWatch Logs user guide, "Filter and Pattern Syntax", matching terms in log events.
Patterns of JSON, of fields and regular expressions are refused by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sm_container.harness.request.wording import display
from sm_container.service.logs.errors import invalid_parameter

_TERM = re.compile(r'(?P<sign>[?-]?)(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<word>[^\s"]+))(?=\s|$)')
_ESCAPED = re.compile(r"\\(.)")
_WORD = re.compile(r"\w+")
_SPACE = re.compile(r"\s*")
_OTHERS = {"{": "of JSON, { ... },", "[": "of fields, [ ... ],", "%": "with %regular expressions%"}


@dataclass(frozen=True)
class Pattern:
    """Terms that an event has to have, all of ``required``, one of ``optional`` if there are any,
    none of ``excluded``. A term is found anywhere in a message, and cases differ."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    def suits(self, message: str) -> bool:
        return (
            all(each in message for each in self.required)
            and (not self.optional or any(each in message for each in self.optional))
            and not any(each in message for each in self.excluded)
        )


def parse_pattern(text: str) -> Pattern:
    """The pattern of a text; an empty one suits every event.

    Raises:
        ServiceError: where it is none, or of a kind that is not answered here.
    """
    terms: dict[str, list[str]] = {"": [], "?": [], "-": []}
    position = _after_space(text, 0)
    _require_terms(text, position)
    while position < len(text):
        found = _TERM.match(text, position)
        if found is None:
            raise invalid_parameter(
                f"Invalid filterPattern: no term can be read at '{display(text[position:])}'"
            )
        terms[found["sign"]].append(_term(text, found))
        position = _after_space(text, found.end())
    if terms["?"] and (terms[""] or terms["-"]):
        # The user guide: ? cannot be combined with terms to include and to exclude.
        raise invalid_parameter(
            "Invalid filterPattern: terms with ? cannot be combined with others; ask for one kind"
        )
    return Pattern(*(tuple(terms[sign]) for sign in ("", "?", "-")))


def _after_space(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _require_terms(text: str, position: int) -> None:
    kind = _OTHERS.get(text[position : position + 1])
    if kind is not None:
        raise invalid_parameter(
            f"filterPattern: patterns {kind} are not answered here; patterns of terms are"
        )


def _term(text: str, found: re.Match[str]) -> str:
    if found["quoted"] is not None:
        return _ESCAPED.sub(r"\1", found["quoted"])
    word = found["word"]
    if not _WORD.fullmatch(word):
        # The service's words; other characters have to stand in double quotes.
        raise invalid_parameter(f"Invalid character(s) in term '{display(word)}'")
    return word
