"""The model's patterns, which are Java's, as Python's ``re`` means them.

Java matches the whole value, its ``.`` stops at five line terminators, and ``\\d \\w \\s`` and the
POSIX classes are ASCII. ``\\p{L}`` and its kind, which ``re`` does not know, become the characters
of that category *in the value at hand*: exact for every category, and without tables.
Source: java.util.regex.Pattern.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from sm_container.harness.request.model import ModelError

_TOKEN = re.compile(r"\\[pP]\{\^?\w+\}|\\.|\[\^?|\]|\.|&&|[^\\\[\].&]+|&", re.DOTALL)
_DOT = "[^\\n\\r\\u0085\\u2028\\u2029]"
_POSIX = {
    "Alnum": "a-zA-Z0-9",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Lower": "a-z",
    "Upper": "A-Z",
    "XDigit": "0-9a-fA-F",
    "Space": " \\t\\n\\x0b\\f\\r",
    "Punct": "!-/:-@\\[-`{-~",
    "ASCII": "\\x00-\\x7f",
}
_NOTHING = "\udfff"  # stands in a class for a category that the value has no character of


class PatternError(ModelError):
    """A pattern that uses what is not translated here."""

    def __init__(self, pattern: str, construct: str) -> None:
        super().__init__(
            f"the service's model has a pattern with {construct}, which this version does not "
            f"read: {pattern}; install an earlier botocore, or a later sm-container"
        )


def matches(pattern: str, value: str) -> bool:
    """Whether the whole of `value` matches the Java `pattern`.

    `value` must hold no lone surrogate.

    Raises:
        PatternError: the pattern has a construct that is not translated.
    """
    if "\\p{" not in pattern:
        return _compiled(pattern).fullmatch(value) is not None
    return re.compile(translate(pattern, value), re.ASCII).fullmatch(value) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern), re.ASCII)


def translate(pattern: str, value: str = "") -> str:
    """The pattern for Python's ``re`` with ``re.ASCII``, right for `value` where it names Unicode.

    Raises:
        PatternError: the pattern has a construct that is not translated.
    """
    parts: list[str] = []
    inside = False  # of a character class; Java's nested classes are refused
    for token in _TOKEN.findall(pattern):
        if token.startswith("\\p{"):
            members = _members(token[3:-1], value)
            parts.append(members if inside else f"[{members}]")
        elif token.startswith("\\"):
            parts.append(_escaped(token, pattern))
        elif token.startswith("["):
            if inside:
                raise PatternError(pattern, "a class inside a class")
            inside = True
            parts.append(token)
        elif token == "&&" and inside:
            raise PatternError(pattern, "an intersection of classes")
        elif token == "]":
            inside = False
            parts.append(token)
        elif token == "." and not inside:
            parts.append(_DOT)
        else:
            parts.append(_plain(token, inside, pattern))
    return "".join(parts)


def _escaped(token: str, pattern: str) -> str:
    letter = token[1]
    if letter.isalpha() and letter not in "dDwWsSntrfbBx":
        raise PatternError(pattern, token)
    return token


def _plain(text: str, inside: bool, pattern: str) -> str:
    if not inside and re.search(r"[*+?}]\+", text):
        raise PatternError(pattern, "a possessive quantifier")  # Python has them from 3.11
    return text


def _members(name: str, value: str) -> str:
    """What stands in a class for ``\\p{name}``."""
    if name in _POSIX:
        return _POSIX[name]
    category = name.removeprefix("Is")
    if category[:1] not in "LMNPSZC" or len(category) > 2:
        raise PatternError(f"\\p{{{name}}}", "a class that is no general category")
    found = {each for each in value if unicodedata.category(each).startswith(category)}
    return "".join(re.escape(each) for each in sorted(found)) or _NOTHING
