"""Whether a failure is told so that its user can do something about it."""

from __future__ import annotations

import random
from collections.abc import Iterator

from sm_container.contract.inputs import InputMode
from sm_container.testing.certify.bench import Bench, Change, Document, from_folder
from sm_container.testing.certify.check import Check, Finding
from sm_container.testing.certify.ends import first_line, useful_failure, was_killed
from sm_container.testing.jobs.result import JobResult

_SOURCE = "developer guide, How Amazon SageMaker Signals Algorithm Success and Failure"
_MIB = 1 << 20
_LEAST_MEMORY = 16 * _MIB
_NOISE = 1 << 16


def _says_why(bench: Bench) -> Finding:
    """Something is broken until it fails: a number that is none, or data that is noise."""
    for label, what, change in _breakages(bench):
        result = bench.run(label, change)
        if result.status == "Completed":
            continue
        fault = useful_failure(result)
        if fault is not None:
            return Finding.failed(f"with {what}: {fault}")
        return Finding.passed(f"with {what}: {first_line(result.failure or '')}")
    return Finding.not_applicable("nothing that was broken made it fail")


def _breakages(bench: Bench) -> Iterator[tuple[str, str, Change]]:
    for each in (bench.specification and bench.specification.hyperparameters) or ():
        if each.type in ("Integer", "Continuous"):
            yield "bad-number", f"{each.name}=certify", _setting(each.name, "certify")
            break
    for channel in bench.channels:
        if channel.input_mode == InputMode.FILE:
            folder = bench.fresh_folder(f"noise-{channel.name}")
            noise = random.Random(0).randbytes(_NOISE)
            (folder / "noise").write_bytes(noise)
            yield "noise", f"noise in {channel.name}", from_folder(channel.name, folder)


def _setting(name: str, value: str) -> Change:
    def change(document: Document) -> None:
        document["HyperParameters"] = {**(document.get("HyperParameters") or {}), name: value}

    return change


def _out_of_memory(bench: Bench) -> Finding:
    """With half of the memory that it was seen to use, it must end, and soon."""
    if not bench.is_image:
        return Finding.not_applicable("a program's memory is not limited here")
    peak = bench.peak_memory
    if peak is None:
        return Finding.not_applicable("it ended before its memory was seen")
    limit = max(peak // 2, _LEAST_MEMORY)
    result = bench.run("memory", memory_bytes=limit)
    shown = f"{limit // _MIB} MiB, half of what it was seen to use"
    if result.status == "Completed":
        return Finding.passed(f"completes with {shown}")
    if result.secondary_status == "MaxRuntimeExceeded":
        return Finding.failed(f"with {shown} it neither ended nor failed")
    return Finding.passed(f"ends with {shown}: {first_line(_told(result))}")


def _told(result: JobResult) -> str:
    return result.reason if was_killed(result) or not result.failure else result.failure


CHECKS = (
    Check(
        "failure-reason",
        "A failure ends with another exit code than 0, and says why",
        "The first 1024 characters of /opt/ml/output/failure are all that many users see.",
        "Write one sentence that says what to change; sm.Algorithm does it for every exception.",
        _SOURCE,
        _says_why,
    ),
    Check(
        "out-of-memory",
        "Without enough memory it ends, and does not hang",
        "A worker that the kernel kills while its parent waits for it is paid for until "
        "MaxRuntimeInSeconds.",
        "Watch your worker processes, and end when one is gone.",
        "the project's own rule",
        _out_of_memory,
    ),
)
