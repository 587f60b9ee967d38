"""Lines of text for a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sm_container.cli.text import one_line, wrapped


@given(st.text(), st.integers(min_value=1, max_value=300))
def test_one_line_is_one_and_not_too_long(text: str, limit: int) -> None:
    line = one_line(text, limit)

    assert len(line) <= limit
    assert len(line.splitlines()) <= 1


def test_lines_are_cut_at_blanks_alone() -> None:
    path = "/a/very/long-path/that/would/be/cut"
    assert wrapped(f"see {path} and no further", 20) == ["see", path, "and no further"]
    assert wrapped("", 20) == [""]
