"""A pattern in RE2's syntax that matches every line on which Python finds the original, and perhaps
other lines.

RE2 looks at a line for forty such patterns in the time in which ``re`` looks for one or two. Where
the two engines differ the wider meaning is written: beyond ASCII every character may be a digit, a
letter or a blank, and ``\\b`` may be anywhere. A line has no newline in it, so flags m and s mean
nothing.
"""

from __future__ import annotations

import re

_BEYOND_ASCII = r"\x{80}-\x{10ffff}"
_CATEGORIES = {  # their ASCII part
    "d": "0-9",
    "D": r"\x{0}-/:-\x{7f}",
    "w": "0-9A-Z_a-z",
    "W": r"\x{0}-/:-@\x{5b}-\x{5e}\x{60}{-\x{7f}",
    "s": r"\x{9}-\x{d}\x{1c}-\x{20}",
    "S": r"\x{0}-\x{8}\x{e}-\x{1b}!-\x{7f}",
}
_CONTROLS = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}
_REPEAT = re.compile(r"\{(?:([0-9]+)|([0-9]*),([0-9]*))\}")
_GROUP = re.compile(r"\(\?(?::|P<\w+>)")
_WITHOUT_MEANING = re.compile(r"\(\?(?:[msu]+|#[^)]*)\)")


class UntranslatableError(ValueError):
    """A pattern of which RE2 cannot know where it may match: look-around, back-references, (?i)."""


def prefilter(regex: str) -> str:
    """RE2's wider form of a pattern that Python takes.

    Raises:
        UntranslatableError: where there is none.
    """
    return "".join(_Translation(regex).parts())


class _Translation:
    """One pass over a pattern. What is not known for certain is untranslatable."""

    def __init__(self, regex: str) -> None:
        self._regex = regex
        self._at = 0

    def parts(self) -> list[str]:
        parts = []
        while self._at < len(self._regex):
            parts.append(self._part())
        return parts

    def _part(self) -> str:
        char = self._next()
        if char == "\\":
            return self._escape()
        if char == "[":
            return self._class()
        if char == "(":
            return self._group()
        if char == "{":
            return self._repeat()
        return char if char in ".^$*+?|)" else _quoted(char)

    def _next(self) -> str:
        char = self._regex[self._at : self._at + 1]
        self._at += 1
        return char

    def _take(self, syntax: re.Pattern[str]) -> re.Match[str] | None:
        """What stands at the character that was just read, if it has this syntax."""
        found = syntax.match(self._regex, self._at - 1)
        if found:
            self._at = found.end()
        return found

    def _group(self) -> str:
        if self._take(_WITHOUT_MEANING):
            return ""
        if self._take(_GROUP) or self._regex[self._at : self._at + 1] != "?":
            return "(?:"
        raise UntranslatableError

    def _repeat(self) -> str:
        found = self._take(_REPEAT)
        if found is None:
            return _quoted("{")
        exactly, least, most = found.groups()
        return f"{{{exactly}}}" if exactly else f"{{{least or 0},{most}}}"

    def _escape(self) -> str:
        char = self._next()
        if char in _CATEGORIES:
            return f"[{_CATEGORIES[char]}{_BEYOND_ASCII}]"
        if char in "bB":
            return ""
        if char in "AZz":
            return r"\A" if char == "A" else r"\z"
        return _quoted(self._character(char))

    def _class(self) -> str:
        """Within a negated class the narrower meaning is the wider one."""
        is_negated = self._regex[self._at : self._at + 1] == "^"
        self._at += is_negated
        parts = []
        char = self._next()
        while True:
            parts.append(self._class_part(char, is_negated))
            char = self._next()
            if char == "]":
                return f"[{'^' if is_negated else ''}{''.join(parts)}]"

    def _class_part(self, char: str, is_negated: bool) -> str:
        if char == "\\":
            char = self._next()
            if char in _CATEGORIES:
                return _CATEGORIES[char] + ("" if is_negated else _BEYOND_ASCII)
            char = "\b" if char == "b" else self._character(char)
        if self._regex[self._at : self._at + 1] != "-" or self._regex[self._at + 1] == "]":
            return _quoted(char)
        self._at += 1
        last = self._next()
        if last == "\\":
            last = self._character(self._next())
        return f"{_quoted(char)}-{_quoted(last)}"

    def _character(self, char: str) -> str:
        """The one character that an escape means."""
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char in _HEX_DIGITS:
            digits = self._regex[self._at : self._at + _HEX_DIGITS[char]]
            self._at += len(digits)
            return chr(int(digits, 16))
        if char.isascii() and char.isalnum():
            raise UntranslatableError  # octal, a back-reference, a name
        return char


def _quoted(char: str) -> str:
    """A character as it stands for itself, within a class or not."""
    if "\ud800" <= char <= "\udfff":
        raise UntranslatableError  # no line has it, and UTF-8 no form for it
    if char.isalnum() or not char.isascii():
        return char
    return f"\\x{{{ord(char):x}}}"
