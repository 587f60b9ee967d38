"""Whether a failure is told so that its user can do something about it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sm_container.testing.certify.bench import Bench
from sm_container.testing.certify.changes import Change, from_folder, with_hyperparameters
from sm_container.testing.certify.check import Check, Finding
from sm_container.testing.certify.ends import (
    hanging,
    is_killed,
    told,
    unusable_failure,
    without_model,
)
from sm_container.testing.certify.files import files_with
from sm_container.testing.certify.likeness import departure
from sm_container.testing.certify.words import message_of

_SOURCE = "developer guide, How Amazon SageMaker Signals Algorithm Success and Failure"
_MIB = 1 << 20
_LEAST_MEMORY = 16 * _MIB
_HALVINGS = 3
_NOISE = 1 << 16
_NO_NUMBER = "no-number"


@dataclass(frozen=True)
class _Breakage:
    """Something that ought to make training fail. ``names`` are what a failure may call it, any of
    them; none where anything goes."""

    label: str
    what: str
    change: Change
    names: tuple[str, ...] = ()

    def is_named(self, failure: str) -> bool:
        said = message_of(failure)
        return any(name in said for name in self.names)


def _says_why(bench: Bench) -> Finding:
    """Things are broken one at a time: a number that is none, data that is noise."""
    seen: list[str] = []
    for each in _breakages(bench):
        result = bench.run(each.label, each.change)
        if result.status == "Completed":
            missing = without_model(bench, result)
            if missing is not None:
                return Finding.failed(
                    f"with {each.what}: {missing}: a failure that looks like success"
                )
            continue
        fault = unusable_failure(bench, result)
        if fault is None and each.names and not each.is_named(result.failure or ""):
            fault = f"the failure file names neither it nor its value: {told(result)}"
        if fault is not None:
            return Finding.failed(f"with {each.what}: {fault}")
        seen.append(f"with {each.what}: {told(result, each.is_named)}")
    if not seen:
        return Finding.not_applicable("nothing that was broken made it fail")
    return Finding.passed("; ".join(seen))


def _breakages(bench: Bench) -> Iterator[_Breakage]:
    number = _number(bench)
    if number is not None:
        yield _Breakage(
            "bad-number",
            f"{number}={_NO_NUMBER}",
            with_hyperparameters(**{number: _NO_NUMBER}),
            (number, _NO_NUMBER),
        )
    for channel in bench.channels:
        noise = random.Random(0).randbytes(_NOISE)
        folder = files_with(bench, channel, "noise", noise)
        yield _Breakage(
            f"noise-{channel.name}", f"noise in {channel.name}", from_folder(channel.name, folder)
        )


def _number(bench: Bench) -> str | None:
    """A hyperparameter that is a number: by its declaration, else by what the job gives."""
    declared = bench.specification and bench.specification.hyperparameters
    for each in declared or ():
        if each.type in ("Integer", "Continuous"):
            return each.name
    return next((name for name, value in bench.request.hyperparameters.items() if _is(value)), None)


def _is(value: str, convert: Callable[[str], float] = float) -> bool:
    try:
        convert(value)
    except ValueError:
        return False
    return True


def _out_of_memory(bench: Bench) -> Finding:
    """With less memory than it was seen to use it must end, and soon."""
    if not bench.is_image:
        return Finding.not_applicable("a program's memory is not limited here")
    peak = bench.peak_memory
    if peak is None:
        return Finding.not_applicable("it ended before its memory was seen: give it more to do")
    limit = peak
    for _ in range(_HALVINGS):
        limit = max(limit // 2, _LEAST_MEMORY)
        result = bench.run(f"memory-{limit // _MIB}", memory_bytes=limit)
        shown = f"with {limit // _MIB} MiB, where it was seen to use {peak // _MIB}"
        fault = hanging(bench, result)
        if fault is None and result.status == "Completed":
            fault = without_model(bench, result) or departure(bench, result)
        elif fault is None and not is_killed(result):
            fault = unusable_failure(bench, result)
        if fault is not None:
            return Finding.failed(f"{shown}: {fault}")
        if result.status != "Completed":
            return Finding.passed(f"it ends {shown}: {told(result)}")
        if limit == _LEAST_MEMORY:
            break
    return Finding.not_applicable(f"it completes {shown}")


CHECKS = (
    Check(
        "failure-reason",
        "A failure ends with another exit code than 0, and says why",
        "The first 1024 characters of /opt/ml/output/failure are all that many users see.",
        "Write one sentence that says what to change; sm.Algorithm does it for every exception.",
        f"{_SOURCE}; what a useful text is, is the project's own rule",
        _says_why,
    ),
    Check(
        "out-of-memory",
        "Without enough memory it ends, and does not hang",
        "A worker that the kernel kills while its parent waits for it is paid for until "
        "MaxRuntimeInSeconds.",
        "Watch your worker processes, and end with an exit code other than 0 when one is gone.",
        "the project's own rule",
        _out_of_memory,
    ),
)
