"""Whether the job's channels are read as the service may give them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from sm_container.contract.inputs import InputMode
from sm_container.contract.layout import Layout
from sm_container.harness.request.training_request import ChannelRequest
from sm_container.testing.certify.bench import Bench, Document, from_folder
from sm_container.testing.certify.check import Check, Finding
from sm_container.testing.certify.ends import completed_or_said, first_line
from sm_container.testing.jobs.result import HOST

_SOURCE = "developer guide, How Amazon SageMaker Provides Training Information"
_ODD_FOLDER = "a folder/ünï ✓/deep"
_NONE = "the job has no channels"


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
    tried: list[str] = []
    for channel, mode in _declared_modes(bench):
        if mode != channel.input_mode:
            result = bench.run(f"{channel.name}-{mode}", _in_mode(channel.name, mode))
            if result.status != "Completed":
                return Finding.failed(f"{channel.name} in {mode} mode: {first_line(result.reason)}")
        tried.append(f"{channel.name} in {mode} mode")
    return Finding.passed(f"completes with {', '.join(tried)}")


def _declared_modes(bench: Bench) -> Iterator[tuple[ChannelRequest, str]]:
    assert bench.specification is not None
    for channel in bench.channels:
        declared = bench.specification.channel(channel.name)
        for mode in declared.input_modes if declared else ():
            yield channel, mode


def _in_mode(name: str, mode: str) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        for channel in document["InputDataConfig"]:
            if channel["ChannelName"] == name:
                channel["InputMode"] = mode

    return change


def _absent(bench: Bench) -> Finding:
    """Each channel left out in its turn: an optional one is not missed, a required one is named."""
    if not bench.channels:
        return Finding.not_applicable(_NONE)
    seen: list[str] = []
    for channel in bench.channels:
        result = bench.run(f"without-{channel.name}", _without(channel.name))
        if _is_optional(bench, channel.name) and result.status != "Completed":
            return Finding.failed(
                f"fails without {channel.name}, which is optional: {first_line(result.reason)}"
            )
        finding = completed_or_said(result, channel.name, f"no channel {channel.name}")
        if finding.outcome != "pass":
            return finding
        seen.append(finding.seen)
    return Finding.passed("; ".join(seen))


def _is_optional(bench: Bench, name: str) -> bool:
    if bench.specification is None:
        return False
    declared = bench.specification.channel(name)
    return declared is not None and not declared.required


def _without(name: str) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        kept = [each for each in document["InputDataConfig"] if each["ChannelName"] != name]
        document.pop("InputDataConfig")
        if kept:
            document["InputDataConfig"] = kept

    return change


def _empty(bench: Bench) -> Finding:
    """Each File channel as one file of no bytes: what a job's host gets whose share is empty."""
    channels = [each for each in bench.channels if each.input_mode == InputMode.FILE]
    if not channels:
        return Finding.not_applicable("no channel comes in File mode")
    seen: list[str] = []
    for channel in channels:
        folder = bench.fresh_folder(f"empty-{channel.name}")
        (folder / "empty").touch()
        result = bench.run(f"empty-{channel.name}", from_folder(channel.name, folder))
        if result.status != "Completed" and not result.failure:
            return Finding.failed(
                f"fails without a failure file where {channel.name} is empty "
                f"(exit code {result.exit_code})"
            )
        seen.append(f"{channel.name}: {result.failure or 'completes'}")
    return Finding.passed("; ".join(map(first_line, seen)))


def _odd_names(bench: Bench) -> Finding:
    """Each File channel's files again, below folders whose names have blanks and other letters."""
    channels = [each.name for each in bench.channels if each.input_mode == InputMode.FILE]
    if not channels:
        return Finding.not_applicable(
            "no channel comes in File mode, which gives files their names"
        )
    folders = {name: _moved(bench, name) for name in channels}

    def change(document: Document) -> None:
        for name, folder in folders.items():
            from_folder(name, folder)(document)

    result = bench.run("odd-names", change)
    if result.status == "Completed":
        return Finding.passed(f"completes with all files below {_ODD_FOLDER!r}")
    return Finding.failed(f"with all files below {_ODD_FOLDER!r}: {first_line(result.reason)}")


def _moved(bench: Bench, channel: str) -> Path:
    """A folder with the channel's files, deep within."""
    folder = bench.fresh_folder(f"odd-{channel}")
    staged = Layout(bench.sound.folder.tree(HOST)).channel(channel)
    shutil.copytree(staged, folder / _ODD_FOLDER)
    return folder


def _read_only(bench: Bench) -> Finding:
    if not bench.channels:
        return Finding.not_applicable(_NONE)
    if not bench.engine.protects_inputs:
        return Finding.not_applicable(
            "nothing keeps a program from its inputs here: the process engine has no bubblewrap"
        )
    return Finding.passed("completes with channels that cannot be written to")


CHECKS = (
    Check(
        "channels-modes",
        "Each declared channel is read in each input mode that it declares",
        "Who uses the algorithm chooses the mode; Pipe and FastFile are what large data needs.",
        "Read with job.channels[...].batches(), which is the same in every mode, or declare fewer.",
        "CreateAlgorithm, ChannelSpecification, SupportedInputModes",
        _modes,
    ),
    Check(
        "channels-absent",
        "A channel that is absent is not missed, or its absence is said",
        "Optional channels are left out by most users; a missing one should not be a traceback.",
        "Look for the channel before it is read, and name it in the failure file.",
        "CreateTrainingJob, InputDataConfig",
        _absent,
    ),
    Check(
        "channels-empty",
        "A channel whose files are empty does not end in a riddle",
        "With ShardedByS3Key a host can get no data, and an upload can go wrong.",
        "Check how many records there were, and say so in the failure file.",
        "CreateTrainingJob, S3DataDistributionType",
        _empty,
    ),
    Check(
        "channels-names",
        "Files in nested folders, with blanks and non-ASCII letters in their names, are read",
        "Keys below a prefix become a tree of folders; nobody promises plain names.",
        "Walk the channel's folder, or read with job.channels[...].batches().",
        _SOURCE,
        _odd_names,
    ),
    Check(
        "channels-read-only",
        "Channels are not written to",
        "In FastFile mode they cannot be, and in File mode what is written there is lost.",
        "Write temporary files to /tmp.",
        "CreateTrainingJob, TrainingInputMode, FastFile",
        _read_only,
    ),
)
