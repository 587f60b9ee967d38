"""A line chart as numbers: where each line, tick and reading of it stands in the drawing.

What is drawn of it, and how, is for the page's templates to say.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sm_container.harness.report.scale import Tick, time_scale, value_scale
from sm_container.harness.text import duration

WIDTH, HEIGHT = 420, 210
LEFT, RIGHT, TOP, BOTTOM = 54, 408, 26, 184
COLOURS = 8
_READINGS = 60
_NAMED = 2  # lines whose values fit beside one another

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """Values over time: seconds since the job was created, in order, and what can be drawn."""

    name: str
    points: Sequence[Point]


@dataclass(frozen=True)
class Stroke:
    """A line as drawn: an SVG path, and those of its points that no other follows."""

    colour: int
    path: str
    alone: tuple[Point, ...]


@dataclass(frozen=True)
class Reading:
    """What the lines say about a moment: a strip of the drawing, a word above it, and all of it."""

    x: float
    left: float
    width: float
    text: str
    whole: str
    dots: tuple[tuple[int, float, float], ...]


@dataclass(frozen=True)
class Chart:
    """A drawing of WIDTH by HEIGHT; the field of its values is LEFT to RIGHT and TOP to BOTTOM."""

    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    strokes: tuple[Stroke, ...]
    readings: tuple[Reading, ...]
    marks: tuple[float, ...]
    limit: float | None


def chart(
    lines: Sequence[Line],
    *,
    limit: float | None = None,
    from_zero: bool = False,
    breaks: Sequence[float] = (),
    marks: Sequence[float] = (),
    span: Point | None = None,
    unit: str = "",
) -> Chart:
    """Lay lines out, one point in all at least, over ``span`` from the first moment to the last.

    ``limit`` is a value that is drawn across, ``marks`` are moments that are drawn from top to
    bottom. A line does not go on over a moment of ``breaks``.
    """
    moments = [moment for line in lines for moment, _ in line.points] + list(span or ())
    values = [value for line in lines for _, value in line.points]
    across = time_scale(min(moments), max(moments))
    up = value_scale([*values, *([0.0] if from_zero else []), *([] if limit is None else [limit])])

    def x(moment: float) -> float:
        return round(LEFT + across.share(moment) * (RIGHT - LEFT), 1)

    def y(value: float) -> float:
        return round(BOTTOM - up.share(value) * (BOTTOM - TOP), 1)

    drawn = [[(x(moment), y(value)) for moment, value in line.points] for line in lines]
    parts = [[bisect_right(breaks, moment) for moment, _ in line.points] for line in lines]
    return Chart(
        x_ticks=tuple(Tick(x(each.at), each.text) for each in across.ticks),
        y_ticks=tuple(Tick(y(each.at), each.text) for each in up.ticks),
        strokes=tuple(
            _stroke(number % COLOURS, points, part)
            for number, (points, part) in enumerate(zip(drawn, parts, strict=True))
        ),
        readings=tuple(_readings(lines, drawn, unit)),
        marks=tuple(x(each) for each in marks if across.low <= each <= across.high),
        limit=None if limit is None else y(limit),
    )


def _stroke(colour: int, points: Sequence[Point], parts: Sequence[int]) -> Stroke:
    """One path of all parts; a point that is a part of its own has no length, and is told."""
    path, alone = [], []
    for index, (x, y) in enumerate(points):
        begins = index == 0 or parts[index - 1] != parts[index]
        ends = index + 1 == len(points) or parts[index + 1] != parts[index]
        if begins and ends:
            alone.append((x, y))
        else:
            path.append(f"{'M' if begins else 'L'}{x:g} {y:g}")
    return Stroke(colour, "".join(path), tuple(alone))


def _readings(
    lines: Sequence[Line], drawn: Sequence[Sequence[Point]], unit: str
) -> Iterator[Reading]:
    """The last value of each line in every strip that has one; strips reach half-way to the next.

    Of many points a strip has several: the drawing shows them, the reading tells one.
    """
    strip = (RIGHT - LEFT) / _READINGS
    found: dict[int, dict[int, int]] = {}
    for number, points in enumerate(drawn):
        for index, (x, _) in enumerate(points):
            found.setdefault(min(int((x - LEFT) / strip), _READINGS - 1), {})[number] = index
    at = {
        each: max(drawn[number][index][0] for number, index in found[each].items())
        for each in found
    }
    order = sorted(found)
    for position, each in enumerate(order):
        x = at[each]
        left = LEFT if position == 0 else (at[order[position - 1]] + x) / 2
        right = RIGHT if position + 1 == len(order) else (x + at[order[position + 1]]) / 2
        moment = max(lines[number].points[index][0] for number, index in found[each].items())
        said = [
            (lines[number].name, f"{lines[number].points[index][1]:.6g}{unit}")
            for number, index in sorted(found[each].items())
        ]
        yield Reading(
            x=x,
            left=round(left, 1),
            width=round(right - left, 1),
            text=_short(moment, said, len(lines)),
            whole="\n".join([f"after {duration(moment)}", *(f"{a}: {b}" for a, b in said)]),
            dots=tuple(
                (number % COLOURS, *drawn[number][index])
                for number, index in sorted(found[each].items())
            ),
        )


def _short(moment: float, said: Sequence[tuple[str, str]], lines: int) -> str:
    if lines == 1:
        return f"after {duration(moment)}: {said[0][1]}"
    more = " …" if len(said) > _NAMED else ""
    named = " · ".join(f"{name[:16]} {value}" for name, value in said[:_NAMED])
    return f"{duration(moment)} · {named}{more}"
