from __future__ import annotations

import math
import re

import pytest
import re2
from hypothesis import example, given
from hypothesis import strategies as st

from sm_container.contract.metrics import MetricDefinition, definition_for, metric_line

METRIC_NAMES = st.text(
    st.characters(exclude_characters="\n\r\u0085\u2028\u2029", exclude_categories=["Cs"]),
    min_size=1,
    max_size=255,
)


def found(definition: MetricDefinition, line: str) -> list[float]:
    """The values that both engines find; they must agree."""
    by_re = re.search(definition.regex, line)
    by_re2 = re2.search(definition.regex, line)
    assert (by_re and by_re.group(1)) == (by_re2 and by_re2.group(1))
    return [float(by_re.group(1))] if by_re else []


@given(METRIC_NAMES, st.floats(), st.none() | st.integers())
@example("." * 255, 0.1, None)
@example("\\" * 255, -1e-300, 3)
@example("😀" * 255, math.inf, 3)
@example("[metric] a=1", math.nan, -1)
def test_a_definition_finds_its_own_line(name: str, value: float, step: int | None) -> None:
    definition = definition_for(name)
    line = metric_line(name, value, step)
    assert definition.name == name
    assert 1 <= len(definition.regex) <= 500
    assert len(line) < 512
    assert line.isascii()
    assert line.isprintable()
    (read,) = found(definition, f"algo-1 | 50%|###  | {line}")
    assert read == value or (math.isnan(read) and math.isnan(value))


@given(METRIC_NAMES, METRIC_NAMES)
@example("a", "b [metric] a=1")
@example("a.b", "aXb")
@example("loss", "train_loss")
@example("loss", "loss2")
@example("." * 254 + "a", "." * 254 + "b")
@example("~~", "%7E%7E")
def test_a_definition_finds_no_other_line(name: str, other: str) -> None:
    if name != other:
        assert found(definition_for(name), metric_line(other, 0.5, 1)) == []


def test_the_line_is_for_people_too() -> None:
    assert metric_line("validation:rmse", 0.125, 7) == "[metric] validation:rmse=0.125 step=7"
    assert metric_line("train/loss", 1) == "[metric] train/loss=1.0"


def test_numbers_of_every_kind() -> None:
    import numpy

    for value in (True, 3, numpy.float32(0.5), numpy.int64(3), numpy.array(2.0)):
        assert found(definition_for("m"), metric_line("m", value)) == [float(value)]


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 256])
def test_names_that_the_service_refuses(name: str) -> None:
    with pytest.raises(ValueError, match="1 to 255 characters"):
        metric_line(name, 1.0)
    with pytest.raises(ValueError, match="1 to 255 characters"):
        definition_for(name)


def test_values_that_are_no_numbers() -> None:
    with pytest.raises(TypeError, match=r"'loss'.*is text"):
        metric_line("loss", "0.5")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        metric_line("loss", None)  # type: ignore[arg-type]
    with pytest.raises(OverflowError):
        metric_line("loss", 10**400)


def test_the_document_of_a_definition() -> None:
    definition = definition_for("loss")
    document = definition.to_document()
    assert set(document) == {"Name", "Regex"}
    assert MetricDefinition.from_document(document) == definition
