"""Definitions held against a log, block by block, whatever their patterns do.

A search that takes too long ends the process that does it. The next one asks RE2 for that pattern,
or passes over the line, or gives the metric up; a note says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sm_container.contract.metrics import MetricDefinition
from sm_container.harness.metrics.block import Block
from sm_container.harness.metrics.budget import Limits, Spot
from sm_container.harness.metrics.pattern import Engine, engine_for, for_raw_lines, re2_pattern
from sm_container.harness.metrics.process import ParserError, SearchEndedError, WorkerProcess
from sm_container.harness.metrics.tally import Tally
from sm_container.harness.metrics.wire import Message

STANDARD = Limits()

_PATIENCE = 3
_ADVICE = "let its repeats exclude what follows them, as [^;]* in place of .* before a semicolon"


@dataclass(frozen=True)
class Report:
    """What was found in a block: tallies by metric, and the points as lines of a series."""

    tallies: Mapping[str, Tally]
    points: bytes


@dataclass
class _Conduct:
    """How a definition has behaved so far; without an engine it is given up."""

    name: str
    regex: str
    engine: Engine | None
    passed_over: int = 0

    @classmethod
    def of(cls, definition: MetricDefinition) -> _Conduct:
        """Raises PatternError."""
        regex = for_raw_lines(definition.regex)
        return cls(definition.name, regex, engine_for(regex))


@dataclass
class _Turn:
    """A block, and by definition the lines of it that are passed over."""

    block: Block
    passed_over: list[tuple[int, _Conduct]] = field(default_factory=list)


class Parser:
    """Finds the values of ``definitions``, which must be sound: see `pattern.engine_for`.

    ``close`` ends its process.
    """

    def __init__(
        self,
        definitions: Sequence[MetricDefinition],
        *,
        points: bool = False,
        limits: Limits = STANDARD,
    ) -> None:
        self._points = points
        self._limits = limits
        self._conduct = [_Conduct.of(each) for each in definitions]
        self._active: list[_Conduct] = []
        self._worker: WorkerProcess | None = None
        self._is_killed = False
        self.notes: list[str] = [
            f"metric {each.name!r}: Python's re does not take its pattern, RE2 does"
            for each in self._conduct
            if each.engine is Engine.RE2
        ]

    def parse(self, block: Block) -> Report:
        """What is in a block.

        Raises:
            ParserError: where its process is gone, and no pattern is to blame.
        """
        turn = _Turn(block)
        while True:
            worker = self.start()
            try:
                answer = worker.ask(self._question(turn))
            except SearchEndedError as ended:
                if not self._is_killed:
                    self._judge(ended.spot, turn)
                continue
            tallies = answer.facts["tallies"]
            return Report(
                {name: Tally.from_row(row) for name, row in tallies.items()}, answer.parts[0]
            )

    def start(self) -> WorkerProcess:
        """The process, started where there is none: the first block need not wait for it.

        Raises:
            ParserError: after `kill`.
        """
        if self._is_killed:
            raise ParserError("the parser of metrics was ended")
        if self._worker is None:
            self._active = [each for each in self._conduct if each.engine]
            self._worker = WorkerProcess(
                [each.name for each in self._active],
                [(each.regex, engine.value) for each in self._conduct if (engine := each.engine)],
                points=self._points,
                limits=self._limits,
            )
        return self._worker

    def kill(self) -> None:
        """End it from another thread: what is being parsed raises ParserError."""
        self._is_killed = True
        if self._worker is not None:
            self._worker.kill()

    def close(self) -> None:
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def _question(self, turn: _Turn) -> Message:
        block, active = turn.block, self._active
        passed_over = [(line, active.index(each)) for line, each in turn.passed_over if each.engine]
        facts = {"start": block.start, "passed_over": passed_over}
        return Message(facts, (block.data, block.times))

    def _judge(self, spot: Spot, turn: _Turn) -> None:
        """What becomes of the pattern whose search was ended."""
        self.close()
        blamed = self._active[spot.pattern]
        length = len(turn.block.data.split(b"\n")[spot.line])
        about = (
            f"metric {blamed.name!r}: its pattern took more than "
            f"{self._limits.seconds:g} s, or too much memory, on a line of {length:,} bytes"
        )
        if re2_pattern(blamed.regex) is not None:
            blamed.engine = Engine.RE2
            self.notes.append(f"{about}; RE2 evaluates it from there on; {_ADVICE}")
            return
        blamed.passed_over += 1
        turn.passed_over.append((spot.line, blamed))
        if blamed.passed_over == 1:
            self.notes.append(
                f"{about}, which was passed over; RE2 cannot take it for its look-around, "
                f"back-references or size; {_ADVICE}"
            )
        if blamed.passed_over == _PATIENCE:
            blamed.engine = None
            self.notes.append(f"metric {blamed.name!r} was given up after {_PATIENCE} such lines")
