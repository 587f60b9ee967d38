"""Many patterns over many lines: RE2 says which are worth a search, then their engines search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sm_container.harness.metrics.pattern import Engine, finder, re2_options, re2_pattern
from sm_container.harness.metrics.prefilter import UntranslatableError, prefilter

SET_MEMORY = 64 << 20
"""Bytes for the automaton of all patterns; RE2's default of 8 MiB is meant for one."""

_EVERY_LINE = 0  # the set's first: a line without it was not looked at


@dataclass(frozen=True)
class Wanted:
    """A pattern and who evaluates it."""

    regex: str
    engine: Engine


Found = tuple[int, int, float]
"""On which line, of which pattern, both by number, what value; ``nan`` and ``inf`` included."""


class Spending(Protocol):
    """Told of every search that may take time without bounds."""

    def begin(self, line: int, pattern: int) -> bool:
        """Whether to search this line for this pattern, both by number."""

    def rest(self) -> None:
        """Nothing is searched now."""


class Search:
    """Patterns that their engines take, ready to be looked for.

    Within, those that RE2 can look for are numbered from 1 on, as in its set; the others follow.
    """

    def __init__(self, wanted: Sequence[Wanted]) -> None:
        forms = [_form(each) for each in wanted]
        matcher = _set_of([form for form in forms if form is not None])
        if matcher is None:  # the forms do not fit together: every line is searched
            forms = [None for _ in forms]
            matcher = _set_of([])
        # Set.Match itself looks at what kind of text it has, for a fifth of the time of all this.
        self._match = getattr(matcher, "_set", matcher).Match
        filtered = [number for number, form in enumerate(forms) if form is not None]
        unfiltered = [number for number, form in enumerate(forms) if form is None]
        self._unfiltered = range(len(filtered) + 1, len(wanted) + 1)
        searches = [
            (number, finder(each.regex, each.engine), each.engine is Engine.RE2)
            for number, each in enumerate(wanted)
        ]
        self._searches = [searches[number] for number in (*filtered, *unfiltered)]

    def found(self, lines: Sequence[bytes], spending: Spending) -> list[Found]:
        """What `float` takes of the first groups, line by line.

        The lines are well-formed UTF-8 without newlines.
        """
        found: list[Found] = []
        searches, begin = self._searches, spending.begin  # looked up once, not for each line
        for number, hits in self._candidates(lines):
            line = lines[number].decode()
            for hit in hits:
                if hit == _EVERY_LINE:
                    continue
                pattern, find, is_bounded = searches[hit - 1]
                if is_bounded:
                    spending.rest()
                elif not begin(number, pattern):
                    continue
                for text in find(line):
                    try:
                        found.append((number, pattern, float(text)))
                    except ValueError:
                        continue
        spending.rest()
        return found

    def _candidates(self, lines: Sequence[bytes]) -> list[tuple[int, Sequence[int]]]:
        """The lines that are worth a search, and for which patterns.

        A set that runs out of memory says nothing, not even that every line is one. Source: RE2,
        issue 136.
        """
        everything, unfiltered = range(len(self._searches) + 1), self._unfiltered
        matched = enumerate(map(self._match, lines))
        if unfiltered:
            return [
                (number, (*hits, *unfiltered) if hits else everything) for number, hits in matched
            ]
        return [
            (number, hits or everything) for number, hits in matched if not hits or len(hits) > 1
        ]


def _set_of(forms: Sequence[bytes]) -> Any:
    """RE2's set of a pattern that is on every line, and these; None where they do not fit."""
    import re2

    options = re2_options()
    options.never_capture = True
    options.max_mem = SET_MEMORY
    matcher = re2.Set.SearchSet(options)
    for form in (b"^", *forms):
        matcher.Add(form)
    try:
        matcher.Compile()
    except re2.error:
        return None
    return matcher


def _form(wanted: Wanted) -> bytes | None:
    """What RE2 is to look for, where it can."""
    if wanted.engine is Engine.RE2:
        return wanted.regex.encode()
    try:
        form = prefilter(wanted.regex)
    except UntranslatableError:
        return None
    return form.encode() if re2_pattern(form) is not None else None
