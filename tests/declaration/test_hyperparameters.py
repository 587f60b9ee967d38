from __future__ import annotations

import contextlib
import json
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, Dict, List, Literal, Optional, Tuple, Union  # noqa: UP035

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sm_container.declaration.constraints import Name, OneOf, Range, Tunable
from sm_container.declaration.errors import DeclarationError, HyperparameterError
from sm_container.declaration.hyperparameters import UnknownPolicy, declared, parse
from sm_container.declaration.text import default_text


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(Enum):
    LOW = 1
    HIGH = 2
    ON = True


@dataclass
class OneInteger:
    x: int


@dataclass
class OneReal:
    x: float


@dataclass
class OneBoolean:
    x: bool


@dataclass
class OneText:
    x: str


@dataclass
class OneListOfIntegers:
    x: list[int]


@dataclass
class OneMapOfReals:
    x: dict[str, float]


@dataclass
class OneList:
    x: list


@dataclass
class OneDict:
    x: dict


@dataclass
class OneColour:
    x: Colour


@dataclass
class OneLevel:
    x: Level


@dataclass
class OneLiteral:
    x: Literal["a", 1, None, True]


@dataclass
class OneOptionalInteger:
    x: Optional[int]  # noqa: UP045


@dataclass
class OneOptionalText:
    x: str | None


@dataclass
class OneUnion:
    x: Union[str, int, list[int]]  # noqa: UP007


@dataclass
class OnePair:
    x: tuple[int, str]


@dataclass
class OneTuple:
    x: tuple[int, ...]


@dataclass
class OneNested:
    x: dict[int, list[Annotated[float, Range(0, 1)]]]


@dataclass
class OneOldStyle:
    x: Dict[str, List[Tuple[int, int]]]  # noqa: UP006


@dataclass
class OneAnything:
    x: Any


def value(cls: type, text: str) -> Any:
    return parse(cls, {"x": text}).x


def same(one: object, other: object) -> bool:
    return repr(one) == repr(other)  # nan equals nan, 1 is not 1.0 nor True


# Of a value: as the framework estimators send it (JSON), and as the plain one does (str()).
@pytest.mark.parametrize("send", [json.dumps, str])
@pytest.mark.parametrize(
    ("cls", "sent"),
    [
        (OneInteger, 5),
        (OneInteger, -(10**30)),
        (OneReal, 0.1),
        (OneReal, 1e-300),
        (OneReal, math.nan),
        (OneReal, -math.inf),
        (OneBoolean, True),
        (OneBoolean, False),
        (OneText, "hello"),
        (OneText, "1.10"),
        (OneText, "True"),
        (OneText, "[1, 2]"),
        (OneText, "it's ünï ✓"),
        (OneText, ""),
        (OneListOfIntegers, [1, 2, 3]),
        (OneListOfIntegers, []),
        (OneMapOfReals, {"a": 0.5, "b": math.nan, "c'\"": -math.inf}),
        (OneList, [1, "a", None, True, [0.5, {"k": "v"}]]),
        (OneDict, {"a": [1, None], "b": {"c": False}}),
        (OneOptionalInteger, None),
        (OneOptionalInteger, 3),
        (OneOptionalText, None),
        (OneOptionalText, "text"),
        (OneLiteral, "a"),
        (OneLiteral, 1),
        (OneLiteral, None),
        (OneLiteral, True),
        (OneUnion, 7),
        (OneUnion, [1, 2]),
        (OneUnion, "text"),
    ],
)
def test_what_the_sdk_sends_is_what_comes(
    cls: type, sent: object, send: Callable[[object], str]
) -> None:
    assert same(value(cls, send(sent)), sent)


@pytest.mark.parametrize(
    ("cls", "text", "expected"),
    [
        (OneInteger, '"5"', 5),
        (OneInteger, " +5 ", 5),
        (OneInteger, "32.0", 32),
        (OneInteger, "1e3", 1000),
        (OneReal, "5", 5.0),
        (OneReal, "Infinity", math.inf),
        (OneReal, "NaN", math.nan),
        (OneReal, ".5", 0.5),
        (OneReal, '"0.5"', 0.5),
        (OneText, '"1.10"', "1.10"),
        (OneText, '"a" and "b"', '"a" and "b"'),
        (OneText, '"', '"'),
        (OneText, '"a\\"b"', 'a"b'),
        (OneText, " spaced ", " spaced "),
        (OneText, "'single'", "'single'"),
        (OneListOfIntegers, "(1, 2)", [1, 2]),
        (OneListOfIntegers, "1, 2", [1, 2]),
        (OneListOfIntegers, '"[1, 2]"', [1, 2]),
        (OneListOfIntegers, '["1", 2.0]', [1, 2]),
        (OneMapOfReals, '{"a": 1}', {"a": 1.0}),
        (OneList, "[nan, -inf]", [math.nan, -math.inf]),
        (OneOptionalText, '"None"', "None"),
        (OneUnion, '"7"', "7"),
        (OnePair, "(1, 'a')", (1, "a")),
        (OnePair, '[1, "a"]', (1, "a")),
        (OneTuple, "[1, 2, 3]", (1, 2, 3)),
        (OneNested, '{"1": [0, 0.5]}', {1: [0.0, 0.5]}),
        (OneNested, "{1: [0, 0.5]}", {1: [0.0, 0.5]}),
        (OneOldStyle, '{"a": [[1, 2]]}', {"a": [(1, 2)]}),
        (OneAnything, "[1]", [1]),
        (OneAnything, "text", "text"),
        (OneColour, "red", Colour.RED),
        (OneColour, '"red"', Colour.RED),
        (OneColour, "RED", Colour.RED),
        (OneColour, "Colour.BLUE", Colour.BLUE),
        (OneLevel, "2", Level.HIGH),
        (OneLevel, "HIGH", Level.HIGH),
    ],
)
def test_other_spellings(cls: type, text: str, expected: object) -> None:
    assert same(value(cls, text), expected)


@pytest.mark.parametrize("text", ["True", "true", "TRUE", "1", '"True"', "yes", "Y", "on", "t"])
def test_every_true(text: str) -> None:
    assert value(OneBoolean, text) is True


@pytest.mark.parametrize("text", ["False", "false", "0", '"false"', "no", "N", "OFF", "f"])
def test_every_false(text: str) -> None:
    assert value(OneBoolean, text) is False


@pytest.mark.parametrize(
    ("cls", "text"),
    [
        (OneInteger, "5.5"),
        (OneInteger, "1e400"),
        (OneInteger, "1e999999999"),
        (OneInteger, "1e-999999999"),
        (OneInteger, "nan"),
        (OneInteger, "inf"),
        (OneInteger, "1_000"),
        (OneInteger, "٣"),
        (OneInteger, "0x10"),
        (OneInteger, "True"),
        (OneInteger, "None"),
        (OneInteger, ""),
        (OneInteger, "9" * 5000),
        (OneReal, "1e400"),
        (OneReal, "1,5"),
        (OneReal, "true"),
        (OneBoolean, "2"),
        (OneBoolean, "maybe"),
        (OneListOfIntegers, "5"),
        (OneListOfIntegers, "[1, 2.5]"),
        (OneListOfIntegers, "[1, true]"),
        (OneListOfIntegers, "[1"),
        (OneListOfIntegers, "[" * 10_000),
        (OneListOfIntegers, "(" * 10_000),
        (OneListOfIntegers, "__import__('os').system('true')"),
        (OneListOfIntegers, "{1, 2}"),
        (OneListOfIntegers, "\0"),
        (OneMapOfReals, "{'a': 'x'}"),
        (OneMapOfReals, "{[1]: 2}"),
        (OneMapOfReals, '{"a": 1' + "0" * 400 + "}"),
        (OneOptionalInteger, "x"),
        (OneColour, "green"),
        (OneLiteral, "2"),
        (OnePair, "[1]"),
        (OnePair, "[1, 2]"),
        (OneNested, '{"1": [2]}'),
    ],
)
def test_what_is_not_of_the_type_is_refused(cls: type, text: str) -> None:
    with pytest.raises(HyperparameterError) as caught:
        value(cls, text)
    (fault,) = caught.value.faults
    assert (fault.name, fault.value) == ("x", text)
    assert fault.expected.startswith("must be ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@given(st.text(max_size=30))
@example('"')
@example("[[[")
@example("-")
@example("1e")
def test_no_text_breaks_a_kind(text: str) -> None:
    for cls in (OneInteger, OneReal, OneBoolean, OneNested, OneLiteral, OneLevel, OneOldStyle):
        with contextlib.suppress(HyperparameterError):  # and nothing else
            assert isinstance(parse(cls, {"x": text}), cls)


@given(st.text())
def test_every_text_is_a_text(text: str) -> None:
    assert value(OneText, json.dumps(text)) == text
    assert value(OneText, default_text(text)) == text
    assert value(OneOptionalText, default_text(text)) == text


@given(st.lists(st.integers()), st.dictionaries(st.text(), st.floats()))
def test_containers_come_through_both_ways(numbers: list[int], reals: dict[str, float]) -> None:
    for send in (json.dumps, str, default_text):
        assert value(OneListOfIntegers, send(numbers)) == numbers
        assert same(value(OneMapOfReals, send(reals)), reals)


@dataclass
class Bounded:
    rounds: Annotated[int, Range(1, 1000)]
    eta: Annotated[float, Range(0, 1), Tunable(scale="Logarithmic"), "The step."] = 0.3
    objective: Annotated[str, OneOf("reg:squarederror", "binary:logistic")] = "reg:squarederror"
    depth: Annotated[Optional[int], Range(1, math.inf)] = None  # noqa: UP045
    layers: list[int] = field(default_factory=lambda: [64, 32])
    lambda_: Annotated[float, Name("lambda")] = 1.0


def test_ranges_choices_defaults_and_names() -> None:
    assert parse(Bounded, {"rounds": "1000", "lambda": "2"}) == Bounded(1000, lambda_=2.0)
    first, second = parse(Bounded, {"rounds": "1"}), parse(Bounded, {"rounds": "1"})
    assert first.layers is not second.layers


def test_every_fault_is_in_one_error() -> None:
    with pytest.raises(HyperparameterError) as caught:
        parse(
            Bounded,
            {"eta": "nan", "objective": "x", "depth": "0", "layers": "[1, 'b']", "rate": "1"},
        )
    assert [(fault.name, fault.value, fault.expected) for fault in caught.value.faults] == [
        ("rounds", None, "is required and must be an integer from 1 to 1000"),
        ("eta", "nan", "must be a number from 0 to 1"),
        ("objective", "x", "must be one of 'reg:squarederror', 'binary:logistic'"),
        ("depth", "0", "must be an integer of at least 1"),
        (
            "layers",
            "[1, 'b']",
            "must be a list, each item an integer (item 1 must be an integer)",
        ),
        (
            "rate",
            None,
            "is not a hyperparameter of this algorithm; "
            "declared: rounds, eta, objective, depth, layers, lambda",
        ),
    ]
    assert "eta = 'nan' must be a number from 0 to 1; objective = 'x'" in str(caught.value)


def test_the_part_at_fault_is_named() -> None:
    with pytest.raises(HyperparameterError, match=r"\(item 1 of value 0 must be a number from 0"):
        value(OneNested, '{"1": [0, 9]}')


def test_unknown_names(caplog: pytest.LogCaptureFixture) -> None:
    strings = {"rounds": "1", "ojective": "x"}
    with pytest.raises(HyperparameterError, match="did you mean objective"):
        parse(Bounded, strings)
    with caplog.at_level(logging.WARNING):
        assert parse(Bounded, strings, UnknownPolicy.WARN) == Bounded(1)
    assert "ojective is not a hyperparameter" in caplog.text
    caplog.clear()
    assert parse(Bounded, strings, UnknownPolicy.IGNORE) == Bounded(1)
    assert not caplog.text


def test_names_of_the_service_and_the_toolkit_are_tolerated() -> None:
    strings = {"x": "1", "_tuning_objective_metric": "rmse", "sagemaker_program": '"train.py"'}
    assert parse(OneInteger, strings) == OneInteger(1)


@dataclass
class Secretive:
    api_key: Annotated[str, OneOf("a")]
    note: Annotated[str, OneOf("a")]


def test_secrets_are_not_echoed() -> None:
    with pytest.raises(HyperparameterError) as caught:
        parse(Secretive, {"api_key": "hunter2", "note": "AKIAIOSFODNN7EXAMPLE"})
    assert "hunter2" not in str(caught.value)
    assert "AKIA" not in str(caught.value)
    assert "api_key = ******" in str(caught.value)


def test_a_long_value_is_shortened() -> None:
    with pytest.raises(HyperparameterError) as caught:
        value(OneInteger, "x" * 10_000)
    assert len(str(caught.value)) < 200


@dataclass
class Crossed:
    low: int = 1
    high: int = 2

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low must not be above high")


def test_the_author_s_own_check_is_a_fault_too() -> None:
    with pytest.raises(HyperparameterError, match="Crossed refuses: low must not be above high"):
        parse(Crossed, {"low": "3"})


@dataclass
class Parent:
    x: int = 1


@dataclass(frozen=True)
class Slotted:
    __slots__ = ("x",)
    x: int


@dataclass
class Child(Parent):
    y: int = field(default=2, kw_only=True)
    derived: int = field(init=False, default=0)


def test_dataclasses_of_all_makes() -> None:
    assert parse(Child, {"x": "5", "y": "6"}) == Child(5, y=6)
    assert [entry.name for entry in declared(Child)] == ["x", "y"]
    assert parse(Slotted, {"x": "5"}).x == 5


@dataclass
class Nothing:
    pass


def test_a_dataclass_without_fields() -> None:
    assert parse(Nothing, {}) == Nothing()
    with pytest.raises(HyperparameterError, match="declared: none"):
        parse(Nothing, {"x": "1"})


@dataclass
class BadDefault:
    x: Annotated[int, Range(1, 5)] = 0


@dataclass
class BadNone:
    x: int = None  # type: ignore[assignment]


@dataclass
class BadType:
    x: complex = 1j


@dataclass
class BadSet:
    x: set[int] = field(default_factory=set)


@dataclass
class BadRange:
    x: Annotated[str, Range(1, 5)] = "a"


@dataclass
class BadEnds:
    x: Annotated[int, Range(0.5, 5)] = 1


@dataclass
class BadChoice:
    x: Annotated[int, OneOf("a")] = 1


@dataclass
class BadMarker:
    x: Annotated[int, Range] = 1


@dataclass
class BadTunable:
    x: Annotated[list[int], Tunable()] = field(default_factory=list)


@dataclass
class BadNames:
    x: int = 1
    y: Annotated[int, Name("x")] = 1


@dataclass
class BadHint:
    x: NoSuchName = 1  # type: ignore[name-defined]  # noqa: F821


@pytest.mark.parametrize(
    ("cls", "fault"),
    [
        (BadDefault, "BadDefault.x: its default must be an integer from 1 to 5"),
        (BadNone, "BadNone.x: its default must be an integer"),
        (BadType, "BadType.x: <class 'complex'> cannot be read"),
        (BadSet, r"BadSet.x: set\[int\] cannot be read"),
        (BadRange, r"BadRange.x: Range\(1, 5\) is for int and float, not for text"),
        (BadEnds, "must be integers"),
        (BadChoice, "each value must be an integer"),
        (BadMarker, r"BadMarker.x: write Range\(...\), not Range"),
        (BadTunable, "a tuning job cannot search a list"),
        (BadNames, "two fields have the name 'x'"),
        (BadHint, "name 'NoSuchName' is not defined"),
        (int, "must be a dataclass"),
        ("text", "must be a dataclass"),
    ],
)
def test_declarations_that_cannot_be(cls: type, fault: str) -> None:
    with pytest.raises(DeclarationError, match=fault):
        declared(cls)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Range(2, 1),
        lambda: Range(math.nan, 1),
        lambda: OneOf(),
        lambda: Tunable(scale="Log"),
        lambda: Name(""),
        lambda: Name("a\nb"),
    ],
)
def test_constraints_that_cannot_be(make: Callable[[], object]) -> None:
    with pytest.raises(DeclarationError):
        make()
