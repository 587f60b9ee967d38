"""Whether two runs have made the same model: the same bytes, or else the same final metrics."""

from __future__ import annotations

import hashlib
import math
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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
    different = sorted(
        name
        for name in expected.model.keys() | found.model.keys()
        if expected.model.get(name) != found.model.get(name)
    )
    more = "" if len(different) <= _SHOWN else f" and {len(different) - _SHOWN} more"
    what = f"model differs: {', '.join(different[:_SHOWN])}{more}"
    if not expected.model and not found.model:
        what = "there is no model to compare"
    if criterion.tolerance is None:
        return Agreement(False, what)
    names = criterion.metrics or tuple(sorted(expected.metrics))
    return _by_metrics(expected.metrics, found.metrics, names, criterion.tolerance, what)


def _by_metrics(
    expected: Mapping[str, float],
    found: Mapping[str, float],
    names: Sequence[str],
    tolerance: float,
    what: str,
) -> Agreement:
    if not names:
        return Agreement(False, f"{what}; and no metrics")
    for name in names:
        if name not in expected or name not in found:
            return Agreement(False, f"{what}; metric {name} was not found")
        one, other = expected[name], found[name]
        same = one == other or (math.isnan(one) and math.isnan(other))
        if not same and not math.isclose(one, other, rel_tol=tolerance):
            return Agreement(False, f"{what}; {name} is {other:g}, not {one:g}")
    return Agreement(True, "metrics agree")


def _model(place: Path) -> dict[str, str]:
    if place.is_file():
        with tarfile.open(place) as archive:
            return {member.name: _member(archive, member) for member in archive}
    return {
        path.relative_to(place).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in place.rglob("*")
        if path.is_file()
    }


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    if not member.isfile():
        return f"{member.type!r} {member.linkname}"
    stream = archive.extractfile(member)
    assert stream is not None
    digest = hashlib.sha256()
    while piece := stream.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()
