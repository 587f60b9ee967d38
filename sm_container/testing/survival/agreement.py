"""Whether two runs have made the same model: the same bytes, or else the same final metrics."""

from __future__ import annotations

import hashlib
import math
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sm_container.harness.job.record import JobRecord
from sm_container.storage.uri import parse

_SHOWN = 3


@dataclass(frozen=True)
class Agreement:
    """``how`` says by what, or what is different."""

    agrees: bool
    how: str


@dataclass(frozen=True)
class Criterion:
    """``tolerance`` is relative; None where only the same bytes will do. ``metrics`` are the names
    that are compared, all where there are none."""

    tolerance: float | None = None
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What a completed job has left: each member of its model with a digest, its final metrics."""

    model: Mapping[str, str]
    metrics: Mapping[str, float]

    @classmethod
    def of(cls, record: JobRecord) -> Outcome:
        """Of a job whose artifacts are on this machine. Raises OSError or tarfile.TarError where
        its model cannot be read."""
        values = {metric.name: metric.value for metric in record.final_metrics}
        return cls(_model(Path("/", parse(record.model_artifacts).key)), values)


def compare(expected: Outcome, found: Outcome, criterion: Criterion) -> Agreement:
    """Whether what an interrupted job has left is what the undisturbed one had."""
    if expected.model and expected.model == found.model:
        return Agreement(True, "model agrees")
    what = _difference(expected.model, found.model)
    if criterion.tolerance is None:
        return Agreement(False, what)
    names = criterion.metrics or tuple(sorted(expected.metrics))
    fault = _fault_of_metrics(expected.metrics, found.metrics, names, criterion.tolerance)
    return (
        Agreement(True, "metrics agree") if fault is None else Agreement(False, f"{what}; {fault}")
    )


def _difference(expected: Mapping[str, str], found: Mapping[str, str]) -> str:
    if not expected and not found:
        return "there is no model to compare"
    names = sorted(
        name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)
    )
    more = "" if len(names) <= _SHOWN else f" and {len(names) - _SHOWN} more"
    return f"model differs: {', '.join(names[:_SHOWN])}{more}"


def _fault_of_metrics(
    expected: Mapping[str, float],
    found: Mapping[str, float],
    names: Sequence[str],
    tolerance: float,
) -> str | None:
    """What speaks against the metrics of these names; None where they agree."""
    if not names:
        return "and no metrics"
    for name in names:
        if name not in expected or name not in found:
            return f"metric {name} was not found"
        wanted, value = expected[name], found[name]
        same = wanted == value or (math.isnan(wanted) and math.isnan(value))
        if not same and not math.isclose(wanted, value, rel_tol=tolerance):
            return f"{name} is {value:g}, not {wanted:g}"
    return None


def _model(place: Path) -> dict[str, str]:
    if place.is_file():
        with tarfile.open(place) as archive:
            return {member.name: _member(archive, member) for member in archive}
    return {
        path.relative_to(place).as_posix(): _file(path)
        for path in place.rglob("*")
        if path.is_file()
    }


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    stream = archive.extractfile(member) if member.isfile() else None
    return f"{member.type!r} {member.linkname}" if stream is None else _digest(stream)


def _file(path: Path) -> str:
    with path.open("rb") as stream:
        return _digest(stream)


def _digest(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := stream.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()
