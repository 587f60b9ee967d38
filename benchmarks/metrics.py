"""Metrics in logs: 40 definitions, against 40 searches a line with ``re``.

From a log's bytes to the last value of each metric; ours has its count, least, largest and times as
well. The definitions are of six kinds that people use, in turn: what ``Metric`` makes, and those of
the service's documentation, of its XGBoost, of its own algorithms, of transformers and of Keras. A
kind that begins with plain text takes the rival a tenth of the time of one that begins with ``.*``
or ``\\b``: with 40 of the quickest kind alone we are 4 to 7 times as fast, with 40 of the slowest
60 to 260 times.
"""

from __future__ import annotations

import gc
import json
import random
import re
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.rivals import measured_by
from benchmarks.row import Row, at_least
from benchmarks.timing import side_by_side
from sm_container.contract.metrics import definition_for, metric_line
from sm_container.harness.logs.capture import TIMES_ENTRY
from sm_container.harness.metrics.budget import Limits, Marker
from sm_container.harness.metrics.pattern import Engine
from sm_container.harness.metrics.wire import Message
from sm_container.harness.metrics.worker import Worker

LINES = 20_000
DEFINITIONS = 40
SHARES = {"quiet": 0.05, "busy": 0.6}
TARGETS = {"quiet": 30.0, "busy": 15.0}

_NUMBER = r"([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)"
_KINDS: list[tuple[Callable[[str], str], Callable[[str, float], str]]] = [
    (lambda name: definition_for(name).regex, lambda name, value: metric_line(name, value, 7)),
    (lambda name: f"{name}_error=(.*?);", "epoch 7: {}_error={:f}; took 3.2 s".format),
    (lambda name: rf".*\[[0-9]+\].*#011{name}-rmse:{_NUMBER}.*", "[7]#011{}-rmse:{:f}".format),
    (
        lambda name: rf"#quality_metric: host=\S+, epoch=\S+, {name} loss <loss>=(\S+)",
        "[11/21/2026 INFO] #quality_metric: host=algo-1, epoch=7, {} loss <loss>={:f}".format,
    ),
    (lambda name: rf"'{name}': ([0-9]+(.|e\-)[0-9]+),?", "{{'{}': {:f}, 'epoch': 7.0}}".format),
    (lambda name: rf"\b{name}: (\d+\.\d+)", "938/938 - 3s 3ms/step - {}: {:f} - lr: 0.001".format),
]


def rows() -> list[Row]:
    """A log with a metric on 5 % of its lines, and one with a metric on 60 %."""
    times = measured_by(Path(sys.executable), "benchmarks.metrics")
    rival = f"re, {DEFINITIONS} searches a line"
    return [
        Row(
            f"metrics of {DEFINITIONS} definitions, on {SHARES[log]:.0%} of the lines",
            ours,
            rival,
            theirs,
            at_least(TARGETS[log]),
            f"{LINES / ours:,.0f} lines/s",
        )
        for log, (ours, theirs) in times.items()
    ]


def measure() -> dict[str, tuple[float, float]]:
    """Seconds of ours and of the rival's for each log; both must find the same values."""
    gc.disable()  # as in the process that parses
    return {log: _times(share) for log, share in SHARES.items()}


def _times(share: float) -> tuple[float, float]:
    names = [f"metric{number}" for number in range(DEFINITIONS)]
    regexes = [_KINDS[number % len(_KINDS)][0](name) for number, name in enumerate(names)]
    data = _log(names, share)
    patterns = [re.compile(regex) for regex in regexes]
    plan = {
        "names": names,
        "patterns": [(regex, Engine.RE.value) for regex in regexes],
        "points": False,
        "limits": (Limits().seconds, Limits().memory),
        "marker": Marker().descriptor,
    }
    worker = Worker(Message(plan))
    question = Message({"start": 0, "passed_over": []}, (data, TIMES_ENTRY.pack(0, 1)))

    def ours() -> dict[str, float]:
        tallies = worker.answer(question).facts["tallies"]
        return {name: row[2] for name, row in tallies.items()}

    def rival() -> dict[str, float]:
        last = {}
        for line in data.decode().split("\n"):
            for name, pattern in zip(names, patterns, strict=True):
                match = pattern.search(line)
                if match:
                    last[name] = float(match[1])
        return last

    assert ours() == rival()
    return side_by_side(ours, rival, repeats=5)


def _log(names: list[str], share: float) -> bytes:
    chance = random.Random(7)
    lines = []
    for number in range(LINES):
        if chance.random() < share:
            chosen = chance.randrange(DEFINITIONS)
            lines.append(_KINDS[chosen % len(_KINDS)][1](names[chosen], chance.random()))
        else:
            lines.append(
                f"2026-11-21 12:00:{number % 60:02} INFO worker {number}: loaded shard "
                f"{number % 97} of 97 from the cache, 65536 rows in {chance.random():.3f} s"
            )
    return "\n".join(lines).encode()


if __name__ == "__main__":
    print(json.dumps(measure()))
