"""RE2's form of a pattern: wherever Python finds the pattern, RE2 must find the form."""

from __future__ import annotations

import re

import pytest
import re2
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sm_container.harness.metrics.pattern import python_pattern, re2_options
from sm_container.harness.metrics.prefilter import UntranslatableError, prefilter


def matches(form: str, line: str) -> bool:
    return re2.search(form.encode(), line.encode(), options=re2_options()) is not None


@pytest.mark.parametrize(
    ("regex", "line"),
    [
        (r"loss=(\d+)", "loss=٣"),  # digits beyond ASCII
        (r"\w+=(.)", "é=1"),
        (r"[^\W]=(.)", "é=1"),
        (r"[^\S]=(.)", "\u00a0=1"),
        (r"a\sb(.)", "a\x1fb1"),
        (r"a\vb(.)", "a\vb1"),
        (r"\bloss=(.)", "é loss=1"),
        (r"x\Bé=(.)", "xé=1"),
        (r"x{,2}=(.)", "=1"),
        (r"x{,}=(.)", "xxxx=1"),
        (r"{x{}=(.)", "{x{}=1"),
        (r"x{a}=(.)", "x{a}=1"),
        (r"[[:alpha:]]=(.)", "a]=1"),
        (r"[]a]=(.)", "]=1"),
        (r"[^]a]=(.)", "b=1"),
        (r"[a\]-]=(.)", "-=1"),
        (r"[--9]=(.)", "5=1"),
        (r"[\x41-\u0043]=(.)", "B=1"),
        (r"\U0001F600=(.)", "\U0001f600=1"),
        (r"[\b]=(.)", "\b=1"),
        (r"\A\tx=(.)\Z", "\tx=1"),
        (r"(?ms)^x.=(.)$", "x\r=1"),
        (r"x(?#which)+=(?P<value>.)", "xx=1"),
        (r"\&\ \é\#=(.)", "& é#=1"),
        (r"a?|(\d*?)", ""),
        (r"\\=(.)\.", "\\=1."),
    ],
)
def test_where_the_two_syntaxes_differ(regex: str, line: str) -> None:
    assert python_pattern(regex).search(line)
    assert matches(prefilter(regex), line)


@pytest.mark.parametrize(
    "regex",
    [
        *(r"(?=a)(a)", r"(?<!a)(b)", r"(a)\1", r"(?P<a>x)(?P=a)", r"(?i)(loss)", r"(?i:a)(b)"),
        *(r"(?x) ( a )", r"(?a)(\d)", r"(?>a)(b)", r"(\N{DIGIT ONE})", r"(\012)", r"[\012](a)"),
        *(r"(\ud800)", "[\ud800](a)", r"(a)?(?(1)b|c)"),
    ],
)
def test_what_re2_cannot_filter_by(regex: str) -> None:
    with pytest.raises(UntranslatableError):
        prefilter(regex)


@pytest.mark.parametrize(
    ("regex", "line"),
    [(r"loss=(\S+)", "lose=1"), (r"\[([0-9]+)\]#011(.*);", "[7]#011x"), (r"^a(.)$", "xa1")],
)
def test_the_form_is_not_much_wider(regex: str, line: str) -> None:
    assert not matches(prefilter(regex), line)


CHARACTERS = "ab=3. -_:;[]{}()é٣ \x1c\t\r"
literals = st.sampled_from(CHARACTERS).map(re.escape)
categories = st.sampled_from([rf"\{each}" for each in "dDwWsS"])
members = st.one_of(
    literals, categories, st.sampled_from(["a-c", "0-9", r"\x20-\x3b", "٠-٩", r"\]", r"\-"])
)
classes = st.builds(
    lambda negated, parts: f"[{'^' * negated}{''.join(parts)}]",
    st.booleans(),
    st.lists(members, min_size=1, max_size=3),
)
atoms = st.one_of(literals, categories, classes, st.sampled_from([".", r"\b", r"\B", "^", "$"]))
repeats = st.sampled_from(
    ["", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{,2}", "{1,}", "{1,3}?"]
)


def repeated(atom: str, repeat: str) -> str:
    return atom if atom in ("^", "$", r"\b", r"\B") else atom + repeat


patterns = st.recursive(
    st.builds(repeated, atoms, repeats),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda each: f"(?:{'|'.join(each)})"),
        st.builds(
            lambda one, repeat: f"({one}){repeat}", inner, st.sampled_from(["", "", "?", "{,2}"])
        ),
    ),
    max_leaves=8,
)
texts = st.text(st.sampled_from(CHARACTERS + "\u00a0\x85\v"), max_size=12)


@settings(deadline=None)
@given(patterns, texts)
@example("[^\\W\\d]", "_")
@example("[\\D-]", "٣")
def test_whatever_python_finds_the_form_finds(regex: str, line: str) -> None:
    if re.search(regex, line):
        assert matches(prefilter(regex), line)
