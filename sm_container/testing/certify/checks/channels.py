"""Whether the job's channels are read as the service may give them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from sm_container.contract.inputs import InputMode
from sm_container.harness.request.training_request import ChannelRequest
from sm_container.testing.certify.bench import Bench
from sm_container.testing.certify.changes import (
    Change,
    as_it_is,
    both,
    from_folder,
    in_mode,
    without_channel,
)
from sm_container.testing.certify.check import Check, Finding, Outcome
from sm_container.testing.certify.ends import completed_or_said, shortfall
from sm_container.testing.certify.files import (
    ODD_FOLDER,
    files_of,
    files_with,
    files_with_odd_names,
    why_no_files,
)
from sm_container.testing.certify.likeness import departure, likeness
from sm_container.testing.certify.words import first_line, names_channel, says_no_data
from sm_container.testing.jobs.result import JobResult

_NONE = "the job has no channels"
_READ_ONLY = re.compile(r"Read-only file system|\bEROFS\b|\bErrno 30\b")


def _modes(bench: Bench) -> Finding:
    """Every channel in each mode that it declares, all others as they are."""
    if not bench.channels:
        return Finding.not_applicable(_NONE)
    if bench.specification is None:
        modes = {channel.input_mode for channel in bench.channels}
        return Finding.not_applicable(
            f"nothing declares other modes than the job's own ({', '.join(sorted(modes))}), in "
            "which it completes: give --algorithm FILE"
        )
    seen: list[str] = []
    untried = _without_data(bench)
    for channel, mode in _declared_modes(bench):
        if mode == channel.input_mode:
            seen.append(f"{channel.name} in {mode} mode")
            continue
        why_not = None if mode == InputMode.PIPE else why_no_files(channel)
        if why_not is not None:
            untried.append(f"{channel.name} in {mode} mode, for {why_not}")
            continue
        result = bench.run(f"{channel.name}-{mode}", _given_in(bench, channel, mode))
        fault = shortfall(bench, result) or _unread(result, channel.name, mode)
        if fault is not None:
            return Finding.failed(f"{channel.name} in {mode} mode: {fault}")
        seen.append(f"{channel.name} in {mode} mode ({likeness(bench, result)})")
    left_out = f"; not tried: {', '.join(untried)}" if untried else ""
    return Finding.passed(f"completes with {', '.join(seen)}{left_out}")


def _declared_modes(bench: Bench) -> Iterator[tuple[ChannelRequest, str]]:
    assert bench.specification is not None
    for channel in bench.channels:
        declared = bench.specification.channel(channel.name)
        for mode in declared.input_modes if declared else ():
            yield channel, mode


def _without_data(bench: Bench) -> list[str]:
    """The declared channels that the job does not have."""
    assert bench.specification is not None
    given = {channel.name for channel in bench.channels}
    return [
        f"{each.name}, for the job does not have it"
        for each in bench.specification.channels
        if each.name not in given
    ]


def _given_in(bench: Bench, channel: ChannelRequest, mode: str) -> Change:
    """A channel in another mode. FastFile takes whole folders alone, and any source makes one."""
    is_fast = mode == InputMode.FAST_FILE
    moved = from_folder(channel.name, files_of(bench, channel)) if is_fast else as_it_is
    return both(in_mode(channel.name, mode), moved)


def _unread(result: JobResult, channel: str, mode: str) -> str | None:
    """What to say of a stream that nobody has read; of files that is not known."""
    if mode != InputMode.PIPE:
        return None
    moved = sum(each.size for each in result.record.traffic if each.channel == channel)
    return None if moved else "it completes, and has not read a byte of it"


def _absent(bench: Bench) -> Finding:
    """Each channel left out in its turn: an optional one is not missed, a required one is named."""
    if not bench.channels:
        return Finding.not_applicable(_NONE)
    seen: list[str] = []
    for channel in bench.channels:
        name = channel.name
        result = bench.run(f"without-{name}", without_channel(name))
        fault = shortfall(bench, result)
        if fault is not None and _is_optional(bench, name):
            return Finding.failed(f"without {name}, which is declared to be optional: {fault}")
        finding = completed_or_said(
            bench, result, partial(names_channel, channel=name), f"without channel {name}"
        )
        if finding.outcome is not Outcome.PASS:
            return finding
        seen.append(finding.seen)
    return Finding.passed("; ".join(seen))


def _is_optional(bench: Bench, name: str) -> bool:
    if bench.specification is None:
        return False
    declared = bench.specification.channel(name)
    return declared is not None and not declared.required


def _empty(bench: Bench) -> Finding:
    """Each channel with files of no bytes: what a host gets whose share is empty looks the same."""
    if not bench.channels:
        return Finding.not_applicable(_NONE)
    seen: list[str] = []
    for channel in bench.channels:
        name = channel.name
        empty = from_folder(name, files_with(bench, channel, "empty", b""))
        finding = completed_or_said(
            bench,
            bench.run(f"empty-{name}", empty),
            partial(_tells_of_no_data, channel=name),
            f"with an empty channel {name}",
        )
        if finding.outcome is not Outcome.PASS:
            return finding
        seen.append(finding.seen)
    return Finding.passed("; ".join(seen))


def _tells_of_no_data(failure: str, channel: str) -> bool:
    return names_channel(failure, channel) or says_no_data(failure)


def _odd_names(bench: Bench) -> Finding:
    """Each channel's files again, with odd names and below folders with odd names."""
    channels = [
        each
        for each in bench.channels
        if each.input_mode != InputMode.PIPE and why_no_files(each) is None
    ]
    if not channels:
        return Finding.not_applicable("no channel comes as files, which have names")
    change: Change = as_it_is
    for channel in channels:
        odd = from_folder(channel.name, files_with_odd_names(bench, channel))
        change = both(change, odd)
    result = bench.run("odd-names", change)
    fault = shortfall(bench, result) or departure(bench, result)
    if fault is not None:
        return Finding.failed(f"with all files below {ODD_FOLDER!r}: {fault}")
    return Finding.passed(
        f"completes with all files below {ODD_FOLDER!r}, with {likeness(bench, result)}"
    )


def _read_only(bench: Bench) -> Finding:
    if all(channel.input_mode == InputMode.PIPE for channel in bench.channels):
        return Finding.not_applicable("no channel is a folder, which could be written to")
    if not bench.engine.protects_inputs:
        return Finding.not_applicable(
            "nothing keeps a program from its inputs here: install bubblewrap, or certify an image"
        )
    if bench.sound.status == "Completed":
        return Finding.passed("completes with channels that cannot be written to")
    for text in (bench.sound.failure or "", bench.sound.log):
        told = [line for line in text.splitlines() if _READ_ONLY.search(line)]
        if told:
            return Finding.failed(first_line(told[0]))
    return Finding.not_applicable("the job does not complete, for another reason")


CHECKS = (
    Check(
        "channels-modes",
        "Each channel is read in each input mode that it declares",
        "Who uses the algorithm chooses the mode; large data needs Pipe or FastFile.",
        "Read with job.channels[...].batches(), which is the same in every mode, or declare fewer.",
        "CreateAlgorithm, ChannelSpecification, SupportedInputModes",
        _modes,
    ),
    Check(
        "channels-absent",
        "A channel that is absent is not missed, or the failure names it",
        "Optional channels are mostly left out, and names are misspelt, which a stack trace hides.",
        "Look for the channel before it is read, and name it in /opt/ml/output/failure.",
        "CreateTrainingJob, InputDataConfig; CreateAlgorithm, ChannelSpecification, IsRequired; "
        "that a failure names it is the project's own rule",
        _absent,
    ),
    Check(
        "channels-empty",
        "A channel that is empty is survived, or the failure says so",
        "With ShardedByS3Key a host can get no data, and uploads go wrong. 'need at least one "
        "array to concatenate' tells nobody which data is missing.",
        "Count the records that were read, and name the channel in /opt/ml/output/failure if there "
        "are none.",
        "the project's own rule",
        _empty,
    ),
    Check(
        "channels-names",
        "Files in nested folders, with blanks and non-ASCII letters in their names, are read",
        "Keys below a prefix become a tree of folders, and nobody promises plain names.",
        "Walk the channel's folder, or read with job.channels[...].batches().",
        "developer guide, How Amazon SageMaker Provides Training Information; CreateTrainingJob, "
        "S3Prefix",
        _odd_names,
    ),
    Check(
        "channels-read-only",
        "Channels are not written to",
        "In FastFile mode they cannot be, and in File mode what is written there is lost.",
        "Write temporary files to /tmp.",
        "developer guide, Access Training Data, FastFile mode",
        _read_only,
        needs_sound_run=False,
    ),
)
