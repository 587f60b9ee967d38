"""Which engine takes a pattern, and what its first group is."""

from __future__ import annotations

import warnings

import pytest

from sm_container.harness.metrics.pattern import (
    Engine,
    PatternError,
    engine_for,
    finder,
    for_raw_lines,
)


@pytest.mark.parametrize(
    ("regex", "engine"),
    [
        (r"loss=(.*?);", Engine.RE),
        (r"(?<=loss=)(\S+)", Engine.RE),
        (r"(x{1001})", Engine.RE),
        (r"[[a](b)", Engine.RE),
        (r"\p{Lu}=(.)", Engine.RE2),
        (r"loss=(?<value>.)", Engine.RE2),
        (r"a(?i)b(.)", Engine.RE2),
    ],
)
def test_pythons_reading_counts_where_there_is_one(regex: str, engine: Engine) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if regex.startswith("a(?i)"):  # which Python 3.10 takes, and warns of
            assert engine_for(regex) in (Engine.RE, Engine.RE2)
        else:
            assert engine_for(regex) is engine


@pytest.mark.parametrize(
    ("regex", "fault"),
    [
        ("a(", r"does not compile: missing \), unterminated subpattern at position 1"),
        ("*", "does not compile: nothing to repeat at position 0"),
        ("(a){99999999999999}", "does not compile"),
        ("(" * 250 + ")" * 250, None),
        ("loss=.*", r"has no group; put the value in one, such as loss=\(\[0-9.\]\+\)"),
        (r"\pL", "has no group"),
        ("(?:loss)=(?=.)", "has no group"),
    ],
)
def test_what_can_find_no_value(regex: str, fault: str | None) -> None:
    if fault is None:
        engine_for(regex)
    else:
        with pytest.raises(PatternError, match=fault):
            engine_for(regex)


@pytest.mark.parametrize("tab", ["\t", "#011"])
@pytest.mark.parametrize(
    "regex",
    [
        r".*\[[0-9]+\].*#011train-rmse:([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?).*",
        r"#011train-rmse:(\S+)",
        r"(?:#011)+train-rmse:(.+)",
    ],
)
def test_a_pattern_for_the_services_log_finds_a_tab(regex: str, tab: str) -> None:
    line = f"[7]{tab}train-rmse:0.25"
    assert list(finder(for_raw_lines(regex), Engine.RE)(line)) == ["0.25"]


@pytest.mark.parametrize("regex", [r"a=(\d+)", r"#011+(.)", r"#011{2}(.)", r"#015(.)"])
def test_other_patterns_stay_what_they_are(regex: str) -> None:
    assert for_raw_lines(regex) == regex


@pytest.mark.parametrize("engine", Engine)
@pytest.mark.parametrize(
    ("regex", "line", "groups"),
    [
        ("a=(.)", "a=1 a=2", ["1", "2"]),
        ("a=(.),(.)", "a=1,2", ["1"]),
        ("(a)?b", "b ab", ["", "a"]),
        ("(é+)x", "ééx", ["éé"]),
        ("a=()", "a=", [""]),
        ("a=(.)", "b", []),
    ],
)
def test_the_first_group_of_each_match(
    engine: Engine, regex: str, line: str, groups: list[str]
) -> None:
    assert list(finder(regex, engine)(line)) == groups
