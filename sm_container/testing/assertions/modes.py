"""An assertion that how the data comes makes no difference to the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sm_container.contract.inputs import InputMode
from sm_container.declaration.specification import ChannelSpecification, Specification
from sm_container.testing.assertions.agreeing import (
    agreement,
    criterion,
    incomplete,
    where_models_are,
)
from sm_container.testing.jobs.data import Data
from sm_container.testing.jobs.result import JobResult
from sm_container.testing.jobs.standalone import job_of
from sm_container.testing.jobs.subject import Subject, Target
from sm_container.testing.jobs.training_job import TrainingJob


@dataclass(frozen=True)
class Way:
    """How the data comes: in an input mode and, where it is varied, in a content type."""

    mode: str
    content_type: str | None = None

    def __str__(self) -> str:
        return self.mode if self.content_type is None else f"{self.mode} as {self.content_type}"


def assert_same_model_in_every_mode(
    job: TrainingJob | Target,
    *,
    modes: Sequence[str] | None = None,
    content_types: Sequence[str] = (),
    tolerance: float | None = None,
    agree_on: str | Sequence[str] = (),
    **fields: Any,
) -> dict[Way, JobResult]:
    """Assert that a job makes the same model of the same data in every input mode.

    ``modes`` are those that are tried, by default all that the job's channels are declared with.
    With ``content_types`` each mode is tried in each of them, for the channels whose data a test
    gives as values and whose declaration has them. When models agree, and what ``job`` and
    ``fields`` are, is as in ``assert_resumes``. Gives the results by the ways that were tried.

    Raises:
        AssertionError: what was seen, and where to look.
        ValueError: where there are not two ways to compare.
        RequestError, InputError, EngineError: for a job that cannot be run.
    """
    __tracebackhide__ = True
    by = criterion(tolerance, agree_on)
    results: dict[Way, JobResult] = {}
    with job_of(job, fields) as given:
        specification = Subject.of(given.target, given.algorithm).specification
        ways = _ways(given, specification, modes, content_types)
        for way in ways:
            result = results[way] = _in_way(given, way, specification).run()
            if result.status != "Completed":
                is_guess = modes is None and specification is None
                hint = "\nno channel is declared, so every mode was tried: give modes="
                raise AssertionError(incomplete(f"in {way}", result) + (hint if is_guess else ""))
        first, *others = ways
        for way in others:
            agreed = agreement(results[first], results[way], by)
            if not agreed.agrees:
                raise AssertionError(
                    f"in {way} and in {first} the models are not the same: {agreed.how}\n"
                    f"{where_models_are(results[first], results[way])}"
                )
    return results


def _ways(
    job: TrainingJob,
    specification: Specification | None,
    modes: Sequence[str] | None,
    content_types: Sequence[str],
) -> list[Way]:
    for content_type in content_types:
        if not any(
            _can_be(Data.of(value), content_type, _declared(specification, name))
            for name, value in job.channels.items()
        ):
            raise ValueError(
                f"no channel of this job can come as {content_type}: it is not declared so, or its "
                "data is no value that could be written so"
            )
    wanted = list(dict.fromkeys(modes or _common_modes(job, specification)))
    ways = [Way(mode, content) for content in content_types or (None,) for mode in wanted]
    if len(ways) < 2:
        tried = f"{ways[0]} is the only one" if ways else "there is none"
        raise ValueError(f"there are not two ways to compare: {tried}; give modes= with two")
    return ways


def _common_modes(job: TrainingJob, specification: Specification | None) -> Iterator[str]:
    """The modes that all channels of the job have."""
    declared = [_declared(specification, name) for name in job.channels]
    for mode in InputMode:
        if all(channel is None or mode in channel.input_modes for channel in declared):
            yield mode.value


def _in_way(job: TrainingJob, way: Way, specification: Specification | None) -> TrainingJob:
    channels = {
        name: _data_in_way(Data.of(value), way, _declared(specification, name))
        for name, value in job.channels.items()
    }
    return replace(job, input_mode=way.mode, channels=channels)


def _data_in_way(data: Data, way: Way, declared: ChannelSpecification | None) -> Data:
    if way.content_type is None or not _can_be(data, way.content_type, declared):
        return replace(data, mode=None)
    return replace(data, mode=None, content_type=way.content_type)


def _can_be(data: Data, content_type: str, declared: ChannelSpecification | None) -> bool:
    """Whether the data can be written in a content type, and may come in it."""
    if data.is_there:
        return False
    return declared is None or content_type in (declared.content_types or (content_type,))


def _declared(specification: Specification | None, channel: str) -> ChannelSpecification | None:
    return None if specification is None else specification.channel(channel)
