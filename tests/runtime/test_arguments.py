"""Hyperparameters as arguments: what argparse and click read is what was sent."""

from __future__ import annotations

import argparse
import json
from typing import Any

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from sm_container.runtime.arguments import to_arguments
from sm_container.runtime.fault import Fault

TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)
NUMBERS = st.one_of(st.integers(), st.floats(allow_nan=False))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=5,
)


def parsed_by_argparse(name: str, arguments: list[str]) -> str:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument(f"-{name}" if len(name) == 1 else f"--{name}", dest="value")
    value: str = parser.parse_args(arguments).value
    return value


def parsed_by_click(name: str, arguments: list[str]) -> str:
    read: list[str] = []

    @click.command()
    @click.option(f"-{name}" if len(name) == 1 else f"--{name}", "value")
    def command(value: str) -> None:
        read.append(value)

    result = CliRunner().invoke(command, arguments, standalone_mode=False)
    assert result.exception is None
    return read[0]


@pytest.mark.parametrize("parsed", [parsed_by_argparse, parsed_by_click])
@pytest.mark.parametrize("name", ["learning-rate", "x"])
class TestParsers:
    @given(text=TEXTS.filter(lambda text: text != "--"))
    def test_text(self, parsed: Any, name: str, text: str) -> None:
        assert parsed(name, to_arguments({name: json.dumps(text)})) == text

    @given(number=NUMBERS)
    def test_numbers(self, parsed: Any, name: str, number: float) -> None:
        written = str(number)
        assert float(parsed(name, to_arguments({name: written}))) == float(number)

    @given(value=st.lists(VALUES, max_size=4))
    def test_lists_are_json(self, parsed: Any, name: str, value: list[Any]) -> None:
        assert json.loads(parsed(name, to_arguments({name: json.dumps(value)}))) == value

    @given(value=st.dictionaries(TEXTS, st.lists(VALUES, max_size=2), min_size=1, max_size=3))
    def test_nested_objects_are_json(self, parsed: Any, name: str, value: dict[str, Any]) -> None:
        assert json.loads(parsed(name, to_arguments({name: json.dumps(value)}))) == value

    @given(value=st.lists(VALUES, max_size=4))
    def test_lists_in_pythons_form_are_json_too(
        self, parsed: Any, name: str, value: list[Any]
    ) -> None:
        """The SDK's plain Estimator sends ``str(value)``."""
        assert json.loads(parsed(name, to_arguments({name: str(value)}))) == value

    @given(value=st.booleans())
    def test_booleans_are_words(self, parsed: Any, name: str, value: bool) -> None:
        for written in (json.dumps(value), str(value)):
            assert parsed(name, to_arguments({name: written})) == str(value)


@pytest.mark.parametrize(
    ("written", "argument"),
    [
        ("1.10", "1.10"),
        (" 7 ", "7"),
        ("1e400", "1e400"),
        ("12345678901234567890.123", "12345678901234567890.123"),
        ("1_000", "1_000"),
        ("", ""),
        ("null", ""),
        ('{"a": 1, "b": "x", "c": true}', "a=1,b=x,c=True"),
        ('{"a": "x,y"}', '{"a":"x,y"}'),
        ('{"a": null}', '{"a":null}'),
        ("[" * 2500, "[" * 2500),
        ("(1, 'a', None)", '[1,"a",null]'),
        ("{'a': 1, 'b': True}", "a=1,b=True"),
        ("{'a': [1]}", '{"a":[1]}'),
        ('"(1, 2)"', "(1, 2)"),
        ("{1, 2}", "{1, 2}"),
        ("[b'x']", "[b'x']"),
        ("{(1, 2): 3}", "{(1, 2): 3}"),
        ("[MASK]", "[MASK]"),
        ("(ab)+", "(ab)+"),
    ],
)
def test_forms(written: str, argument: str) -> None:
    assert to_arguments({"name": written}) == ["--name", argument]


def test_a_value_that_looks_like_an_option() -> None:
    written = {"decay": "-1e-05", "shift": "-0.5", "flag": "-x", "d": "-1e-05"}
    assert to_arguments(written) == [
        *("-d-1e-05", "--decay=-1e-05", "--flag=-x"),
        *("--shift", "-0.5"),
    ]


def test_a_hyperparameter_without_a_name() -> None:
    with pytest.raises(Fault, match="without a name"):
        to_arguments({"": "1"})
