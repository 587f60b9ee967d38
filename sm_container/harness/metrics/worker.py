"""The process that parses: asked for the metrics of one block of a log after the other.

It ends with its standard input, and so with the harness, however that ends. A search that takes too
long ends it at once.
"""

from __future__ import annotations

import gc
import math
import os
import sys
from collections.abc import Sequence
from itertools import accumulate
from json import dumps
from operator import itemgetter

from sm_container.harness.metrics.block import Block
from sm_container.harness.metrics.budget import OUT_OF_MEMORY, Budget, Limits, Marker
from sm_container.harness.metrics.pattern import Engine
from sm_container.harness.metrics.search import Found, Search, Wanted
from sm_container.harness.metrics.stamps import stamped
from sm_container.harness.metrics.tally import Moments, Tally
from sm_container.harness.metrics.wire import Message


def main() -> int:
    """Answer until nobody asks any more."""
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    plan = Message.receive(questions)
    if plan is None:
        return 0
    gc.disable()  # a block's many tuples make no cycles
    worker = Worker(plan)
    while (question := Message.receive(questions)) is not None:
        try:
            answer = worker.answer(question)
        except MemoryError:
            os._exit(OUT_OF_MEMORY)  # the marker says of what
        try:
            answer.send(answers)
        except BrokenPipeError:
            os._exit(0)  # nobody is there for a word more
    return 0


class Worker:
    """Finds values in blocks. ``plan`` has the names, patterns and engines, and the limits."""

    def __init__(self, plan: Message) -> None:
        facts = plan.facts
        self._names: list[str] = facts["names"]
        self._has_namesakes = len(set(self._names)) < len(self._names)
        self._heads = [f',"MetricName":{dumps(name)},"Value":' for name in self._names]
        self._with_points: bool = facts["points"]
        self._search = Search(
            [Wanted(regex, Engine(engine)) for regex, engine in facts["patterns"]]
        )
        self._budget = Budget(Limits(*facts["limits"]), Marker(facts["marker"]))
        self._stamp: float | None = None

    def answer(self, question: Message) -> Message:
        """Tallies by name, and the points as lines of a series."""
        facts, (data, times) = question.facts, question.parts
        self._budget.passed_over = {(line, pattern) for line, pattern in facts["passed_over"]}
        raw = data.removesuffix(b"\n").split(b"\n")
        lines, stamps = self._stamped(raw) if not times else (raw, None)
        found = self._search.found(_well_formed(lines, data), self._budget)
        if self._has_namesakes:
            found.sort(key=itemgetter(0, 1))
        block = Block(facts["start"], data, times)
        moment = _captured(raw, block) if stamps is None else stamps.__getitem__
        tallies = {name: tally.to_row() for name, tally in self._tallies(found, moment).items()}
        points = self._points(found, moment) if self._with_points else b""
        return Message({"tallies": tallies}, (points,))

    def _stamped(self, raw: list[bytes]) -> tuple[list[bytes], list[float | None]]:
        """The lines without the times that they begin with, and these; a line that begins with none
        came with those before it."""
        lines, moments = [], []
        for line in raw:
            moment, rest = stamped(line)
            self._stamp = self._stamp if moment is None else moment
            lines.append(rest)
            moments.append(self._stamp)
        return lines, moments

    def _tallies(self, found: Sequence[Found], moment: Moments) -> dict[str, Tally]:
        by_name: dict[str, list[Found]] = {name: [] for name in self._names}
        by_pattern = [by_name[name] for name in self._names]
        for each in found:
            by_pattern[each[1]].append(each)
        return {
            name: Tally.of([(line, value) for line, _, value in values], moment)
            for name, values in by_name.items()
            if values
        }

    def _points(self, found: Sequence[Found], moment: Moments) -> bytes:
        return "".join(
            f'{{"Timestamp":{moment(line) or 0.0!r}{self._heads[pattern]}{_json(value)}}}\n'
            for line, pattern, value in found
        ).encode()


def _well_formed(lines: list[bytes], data: bytes) -> list[bytes]:
    """Lines of UTF-8, in which RE2 finds what ``re`` finds in the text; nothing is found across
    bytes that are no text."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return [line.decode(errors="replace").encode() for line in lines]
    return lines


def _captured(raw: list[bytes], block: Block) -> Moments:
    """When lines were captured, by their numbers."""
    moment = block.moment_of()
    ends = list(accumulate(map(len, raw), initial=0))
    # Before a line stand those before it, and a newline for each of them.
    return lambda line: moment(ends[line] + line)


def _json(value: float) -> str:
    """A number; as text where JSON has none for it. Python and JavaScript read both back."""
    if math.isfinite(value):
        return repr(value)
    return '"NaN"' if math.isnan(value) else '"Infinity"' if value > 0 else '"-Infinity"'


if __name__ == "__main__":
    sys.exit(main())
