"""Many patterns at once find what each of them finds alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sm_container.contract.metrics import definition_for, metric_line
from sm_container.harness.metrics.pattern import Engine, engine_for, python_pattern
from sm_container.harness.metrics.search import Found, Search, Wanted
from tests.harness.metrics.test_prefilter import patterns, texts


class Unbounded:
    """As much time as it takes; ``begun`` is what might have taken too much."""

    def __init__(self) -> None:
        self.begun: list[tuple[int, int]] = []

    def begin(self, line: int, pattern: int) -> bool:
        self.begun.append((line, pattern))
        return True

    def rest(self) -> None:
        pass


def found(regexes: Sequence[str], lines: Sequence[str]) -> list[Found]:
    wanted = [Wanted(regex, engine_for(regex)) for regex in regexes]
    return sorted(Search(wanted).found([line.encode() for line in lines], Unbounded()))


def plainly(regexes: Sequence[str], lines: Sequence[str]) -> list[Found]:
    """Each pattern on each line, as one writes it down."""
    values: list[Found] = []
    for number, line in enumerate(lines):
        for index, regex in enumerate(regexes):
            for match in python_pattern(regex).finditer(line):
                try:
                    values.append((number, index, float(match[1])))
                except (TypeError, ValueError):
                    continue
    return sorted(values)


wrapped = st.builds(
    "{}({}){}".format, patterns, st.sampled_from([r"\d+", "[0-9.]*", ".*?", r"\S+"]), patterns
)
numbers = st.sampled_from(["3", "٣", "3.3", "-3", "3e3", " 3 ", "_3", "3_3"])
lines = st.lists(st.builds("{}{}{}".format, texts, numbers, texts), max_size=4)


around = product(("", "a=?", r"\b"), (r"\d+", "[0-9.]*", r"\S+?"), ("", "$", " "))
lazily = product(("[^=]=", r"\s", "é|b"), (".*?",), ("b", r"\W", ";"))
OTHERS = ["(?i)A(.)", *(f"{before}({value}){after}" for before, value, after in (*around, *lazily))]
"""They find something in such lines, or nearly do."""


@settings(deadline=None)
@given(st.lists(wrapped, min_size=3, max_size=3), lines)
def test_forty_patterns_find_what_forty_searches_find(regexes: list[str], some: list[str]) -> None:
    assert len(regexes + OTHERS) == 40
    assert found(regexes + OTHERS, some) == plainly(regexes + OTHERS, some)


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=5))
def test_generated_definitions_find_their_lines_among_forty(values: list[float]) -> None:
    names = [f"metric {number}: ü" for number in range(40)]
    some = [metric_line(name, value) for value in values for name in (names[3], names[39])]
    wanted = [(3, value) for value in values], [(39, value) for value in values]
    assert found([definition_for(name).regex for name in names], some) == [
        (number, *each)
        for number, each in enumerate(pair for both in zip(*wanted, strict=True) for pair in both)
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("0.5", 0.5), ("-1e-3", -0.001), (" 7 ", 7.0), ("+.5", 0.5), ("1_000", 1000.0)),
        *(
            ("٣", 3.0),
            ("1E5", 1e5),
            ("inf", math.inf),
            ("-Infinity", -math.inf),
            ("1e999", math.inf),
        ),
    ],
)
def test_every_form_of_a_number(text: str, value: float) -> None:
    assert found(["rmse=(.*?);"], [f"rmse={text};"]) == [(0, 0, value)]


@pytest.mark.parametrize("text", ["", "abc", "0x10", "1,5", "--1", "one", "1 2"])
def test_what_is_no_number_is_passed_over(text: str) -> None:
    assert found(["rmse=(.*?);"], [f"rmse={text}; rmse=2;"]) == [(0, 0, 2.0)]


def test_nan_is_found_too() -> None:
    [(line, pattern, value)] = found(["a=(x)", "loss=(nan|[0-9.]+)"], ["loss=nan"])
    assert (line, pattern) == (0, 1)
    assert math.isnan(value)


def test_several_matches_a_line_in_their_order() -> None:
    line = "  0%| | loss=3\r 50%| | loss=2\r100%| | loss=1"
    assert found([r"loss=(\d+)", r"^ *\d+%.*?loss=(\d)", r"loss=(\d)$"], [line]) == sorted(
        [(0, 0, 3.0), (0, 0, 2.0), (0, 0, 1.0), (0, 1, 3.0), (0, 2, 1.0)]
    )


def test_what_re2_cannot_filter_by_is_found_all_the_same() -> None:
    regexes = [r"(?<=a=)(\d)", r"(['\"])b\1=(\d)", "(?i)C=(.)", "d=(.)", r"(?:(\d)e)?e"]
    some = ["a=1 b", "'b'=2", "c=3 C=4", "d=5 6ee"]
    assert found(regexes, some) == plainly(regexes, some)


def test_a_line_that_needs_no_search_gets_none() -> None:
    spending = Unbounded()
    search = Search(
        [Wanted("a=(.)", Engine.RE), Wanted("b=(.)", Engine.RE), Wanted("(c)", Engine.RE2)]
    )
    assert search.found([b"a=1", b"nothing", b"c", b"b=", b"b=2"], spending) == [
        (0, 0, 1.0),
        (4, 1, 2.0),
    ]
    assert spending.begun == [(0, 0), (4, 1)]


def test_forms_that_do_not_fit_together_cost_speed_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    regexes = [rf"m{number}.{{100}}=(.)" for number in range(40)]
    monkeypatch.setattr("sm_container.harness.metrics.search.SET_MEMORY", 1 << 16)
    spending = Unbounded()
    search = Search([Wanted(regex, Engine.RE) for regex in regexes])
    assert search.found([f"m7{'é' * 100}=1".encode(), b"x"], spending) == [(0, 7, 1.0)]
    assert len(spending.begun) == 80
