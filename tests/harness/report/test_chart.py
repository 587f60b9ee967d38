"""Lines laid out: in the field, broken where they should be, readable everywhere."""

from __future__ import annotations

from sm_container.harness.report.chart import BOTTOM, LEFT, RIGHT, TOP, Line, chart

STEPS = Line("algo-1", [(0.0, 0.0), (10.0, 100.0), (20.0, 50.0)])


def test_a_line_fills_the_field() -> None:
    drawn = chart([STEPS])

    middle = (LEFT + RIGHT) / 2
    assert (
        drawn.strokes[0].path == f"M{LEFT} {BOTTOM}L{middle:g} {TOP}L{RIGHT} {(TOP + BOTTOM) / 2:g}"
    )
    assert drawn.strokes[0].alone == ()
    assert (drawn.y_ticks[0].at, drawn.y_ticks[0].text) == (BOTTOM, "0")
    assert [tick.text for tick in drawn.x_ticks] == ["0 s", "5 s", "10 s", "15 s", "20 s"]


def test_a_line_breaks_and_points_that_are_alone_are_told() -> None:
    drawn = chart([STEPS], breaks=[5.0])

    assert drawn.strokes[0].path.count("M") == 1
    assert drawn.strokes[0].alone == ((LEFT, BOTTOM),)
    [only] = chart([Line("a", [(3.0, 4.0)])]).strokes
    assert only.path == ""
    assert len(only.alone) == 1


def test_a_limit_is_within_and_marks_are_where_they_were() -> None:
    drawn = chart([STEPS], limit=200.0, from_zero=True, marks=[10.0, 99.0])

    assert drawn.limit == TOP
    assert drawn.marks == ((LEFT + RIGHT) / 2,)


def test_a_span_is_more_than_the_values() -> None:
    assert [tick.text for tick in chart([STEPS], span=(0.0, 40.0)).x_ticks][-1] == "40 s"
    assert chart([STEPS], span=(5.0, 6.0)).strokes[0].path.startswith(f"M{LEFT} ")


def test_readings_cover_the_field_and_name_the_lines() -> None:
    other = Line("algo-2", [(0.0, 7.0), (10.0, 8.123456789)])
    readings = chart([STEPS, other], unit=" %").readings

    assert readings[0].left == LEFT
    assert sum(each.width for each in readings) == RIGHT - LEFT
    assert readings[1].whole == "after 10 s\nalgo-1: 100 %\nalgo-2: 8.12346 %"
    assert readings[1].text == "10 s · algo-1 100 % · algo-2 8.12346 %"
    assert [colour for colour, _, _ in readings[1].dots] == [0, 1]
    assert readings[2].whole == "after 20 s\nalgo-1: 50 %"
    assert chart([STEPS]).readings[2].text == "after 20 s: 50"


def test_many_points_have_few_readings() -> None:
    drawn = chart([Line("a", [(each / 10, each % 7) for each in range(5000)])])
    assert len(drawn.readings) == 60


def test_a_line_without_points_stands_beside_one_with() -> None:
    drawn = chart([Line("a", []), STEPS])
    assert drawn.strokes[0].path == ""
    assert [stroke.colour for stroke in drawn.strokes] == [0, 1]
