"""What ``run`` does, once its options are read: settle the run, then live, detached or dry."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sm_container.cli.errors import EXIT_INPUT, Complaint
from sm_container.cli.home import open_home
from sm_container.cli.narration import LogPrinter, Narration
from sm_container.cli.orphans import end_orphans
from sm_container.cli.progress import progress_on
from sm_container.cli.replay import with_job
from sm_container.cli.request import read_request
from sm_container.cli.stream import Stream
from sm_container.cli.summary import left_a_model, print_summary
from sm_container.cli.target import ambiguity, settled
from sm_container.harness.describe import as_json, describe
from sm_container.harness.job.options import RunOptions
from sm_container.harness.job.record import JobRecord
from sm_container.harness.life.launch import exit_code, run_attached, run_detached
from sm_container.harness.life.prepare import Prepared, prepare
from sm_container.harness.request.training_request import TrainingRequest
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.home import Home
from sm_container.harness.store.jobs import JobStore

# The rest of its arguments finds a better shell than sh where the image has one.
_SHELL = ("/bin/sh", "-c", "command -v bash >/dev/null 2>&1 && exec bash -i || exec sh -i")


def run(target: str | None, arguments: tuple[str, ...], given: Mapping[str, Any]) -> int:
    """Run a job as the options say; the exit code of the command."""
    out, err = Stream(sys.stdout), Stream(sys.stderr)
    home = open_home()
    end_orphans(JobStore(home), err)
    request, options = asked_for(home, target, arguments, given, err)
    if options.shell:
        _require_terminal()
        request = replace(request, entrypoint=_SHELL[:1], arguments=_SHELL[1:])
    prepared = prepare(home, request, options, lambda line: err.line(line, dim=True))
    if given["dry_run"]:
        from sm_container.cli.dry_run import print_dry_run

        print_dry_run(prepared, out, as_json=given["as_json"])
        return 0
    if given["detach"]:
        return _detach(prepared, out, err, given["as_json"])
    return _attach(prepared, out, err, given["as_json"])


def asked_for(
    home: Home,
    target: str | None,
    arguments: tuple[str, ...],
    given: Mapping[str, Any],
    err: Stream,
) -> tuple[TrainingRequest, RunOptions]:
    """The request and the options that the command line makes; an image may be built for it."""
    given = with_job(home, given, err)
    named = _target(home, target, given, err)
    request = read_request(home, given, named, arguments)
    return request, _options(given, named or _image_of(request))


def _attach(prepared: Prepared, out: Stream, err: Stream, as_document: bool) -> int:
    printer = LogPrinter(
        err if as_document else out, prepared.hosts, aside=err, job=prepared.request.name
    )
    heading = f"{prepared.request.name} on {prepared.engine.name}"
    narration = Narration(err, printer, progress_on(err), heading)
    if prepared.options.shell:
        err.line("a shell runs in place of the program, and the job ends with it", dim=True)
    try:
        record = run_attached(prepared, narration)
    finally:
        narration.close()
    folder = JobFolder(prepared.home.jobs / record.name)
    print_summary(record, folder, err, left_a_model(folder))
    if as_document:
        _print_document(record, out)
    return exit_code(record)


def _detach(prepared: Prepared, out: Stream, err: Stream, as_document: bool) -> int:
    folder = run_detached(prepared)
    if as_document:
        _print_document(folder.read(), out)
    else:
        out.line(folder.name)
    err.line(f"follow it: sm-container logs -f {folder.name}", dim=True)
    err.line(f"wait for it: sm-container wait {folder.name}", dim=True)
    return 0


def _target(home: Home, target: str | None, given: Mapping[str, Any], err: Stream) -> str | None:
    """What TARGET means; with ``--build``, the image that was built."""
    if given["build"] is not None:
        from sm_container.cli.building import build_image

        return build_image(
            given["engine"], given["build"], target, given["platform"], given["build_arg"], err
        )
    if target is not None:
        found = settled(target)
        said = ambiguity(target)
        if said is not None:
            err.line(f"note: {said}", fg="yellow")
        return found
    if given["request"] is None and given["from_job"] is None:
        raise Complaint(
            [
                "TARGET is missing: name an image, a program or a folder, or give --request FILE "
                "or --from-job NAME"
            ],
            EXIT_INPUT,
        )
    return None


def _image_of(request: TrainingRequest) -> str:
    """The request's own image, where no TARGET was given."""
    if request.image is None:
        raise Complaint(
            [f"the request names the algorithm {request.algorithm_name}: give its image as TARGET"],
            EXIT_INPUT,
        )
    return settled(request.image)


def _options(given: Mapping[str, Any], target: str) -> RunOptions:
    s3_root = given["s3_root"]
    if s3_root is not None and not s3_root.is_dir():
        raise Complaint([f"--s3-root {s3_root}: there is no such folder"], EXIT_INPUT)
    _require_match(given, target)
    return RunOptions(
        target=target,
        engine=given["engine"],
        s3_root=None if s3_root is None else str(s3_root.absolute()),
        sample=given["sample"],
        platform=given["platform"],
        user=given["user"],
        credentials=given["credentials"],
        region=given["region"],
        memory_bytes=given["memory"],
        memory_reserve=given["memory_reserve"],
        shm_bytes=given["shm_size"],
        grace_seconds=float(given["grace"]),
        shell=given["shell"],
        s3_latency_ms=given["s3_latency"],
        s3_bandwidth_mbs=given["s3_bandwidth"],
        interrupt_after=given["interrupt_after"],
        kill_after=given["kill_after"],
        interrupt_every=given["interrupt_every"],
        spot_wait_seconds=given["spot_wait"],
        spot_discount_percent=given["spot_discount"],
    )


def _require_match(given: Mapping[str, Any], target: str) -> None:
    """A program is run by the process engine, an image by the others."""
    engine, is_program = given["engine"], target.startswith("/")
    faults = []
    if is_program and engine in ("docker", "podman"):
        faults.append(f"{target} is a program, and {engine} runs images: leave --engine out")
    if not is_program and engine == "process":
        faults.append(f"{target} is an image, and the process engine runs programs")
    faults += [
        f"--{option} is for images: the process engine cannot honour it"
        for option in ("memory", "memory-reserve", "shm-size", "platform", "user")
        if is_program and given[option.replace("-", "_")] is not None
    ]
    if faults:
        raise Complaint(faults, EXIT_INPUT)


def _require_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Complaint(["--shell needs a terminal for its input and output"], EXIT_INPUT)


def _print_document(record: JobRecord, out: Stream) -> None:
    out.line(json.dumps(as_json(describe(record)), indent=2))
