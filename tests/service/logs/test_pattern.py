"""Patterns of terms, by the examples of the user guide."""

from __future__ import annotations

import pytest

from sm_container.service.errors import ServiceError
from sm_container.service.logs.pattern import parse_pattern

BOTH, ERROR, WARN = "ERROR WARN message", "ERROR message", "WARN message"


@pytest.mark.parametrize(
    ("pattern", "suiting"),
    [
        ("", [BOTH, ERROR, WARN]),
        ("  ", [BOTH, ERROR, WARN]),
        ("ERROR", [BOTH, ERROR]),
        ("error", []),
        ("?ERROR ?WARN", [BOTH, ERROR, WARN]),
        ("ERROR WARN", [BOTH]),
        ("ERROR -WARN", [ERROR]),
        ("-ERROR", [WARN]),
        ('"ERROR message"', [ERROR]),
        ('-"WARN message"', [ERROR]),
        ('?"ERROR WARN" ?nothing', [BOTH]),
    ],
)
def test_it_shows_the_events_that_suit(pattern: str, suiting: list[str]) -> None:
    parsed = parse_pattern(pattern)
    assert [each for each in (BOTH, ERROR, WARN) if parsed.suits(each)] == suiting


def test_a_term_is_found_within_a_word_and_quotes_can_be_escaped() -> None:
    assert parse_pattern("ERROR").suits("Exiting with ERRORCODE: -1")
    assert parse_pattern(r'"say \"hello\""').suits('they say "hello" again')


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("{ $.loss < 1 }", "of JSON"),
        ("[w1=ERROR, w2]", "of fields"),
        ("%AUTH.*%", "regular expressions"),
        ("train:rmse", "Invalid character"),
        ("?ERROR WARN", "cannot be combined"),
        ("?ERROR -WARN", "cannot be combined"),
        ('"open', "no term can be read"),
        ('"one""two"', "no term can be read"),
        ("ERROR %x%", "Invalid character"),
    ],
)
def test_what_it_cannot_do_is_refused_by_name(pattern: str, said: str) -> None:
    with pytest.raises(ServiceError, match=said) as raised:
        parse_pattern(pattern)
    assert raised.value.code == "InvalidParameterException"
