"""What ``chaos`` does, once its options are read, and how its trials look to a person."""

from __future__ import annotations

import json
import random
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from sm_container.cli.errors import EXIT_INPUT, Complaint
from sm_container.cli.home import open_home
from sm_container.cli.orphans import end_orphans
from sm_container.cli.removal import Refused, remove
from sm_container.cli.running import asked_for
from sm_container.cli.stream import Stream
from sm_container.cli.text import duration, one_line, printable
from sm_container.harness.life.stopping import raising_interrupts
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.home import Home
from sm_container.harness.store.jobs import JobStore
from sm_container.testing.chaos.agreement import Criterion
from sm_container.testing.chaos.clearing import Remove, clear, cleared
from sm_container.testing.chaos.disk import why_no_disk
from sm_container.testing.chaos.job import Subject
from sm_container.testing.chaos.plan import Fault, PlannedTrial, plan
from sm_container.testing.chaos.scratch import left_over, new_scratch
from sm_container.testing.chaos.trials import Trials, UndisturbedError
from sm_container.testing.chaos.verdict import Verdict

_HEADERS = ("TRIAL", "FAULT", "AFTER", "RESUMED", "FROM STEP", "LOST", "MODEL", "HOW")
_SEEDS = 1_000_000
_EXIT_FOUND = 1


def chaos(
    target: str | None, arguments: tuple[str, ...], given: Mapping[str, Any], *, as_json: bool
) -> int:
    """Test a job as the options say; the exit code of the command."""
    out, err = Stream(sys.stdout), Stream(sys.stderr)
    faults = _faults(given["faults"], err)
    home = open_home()
    store = JobStore(home)
    end_orphans(store, err)
    remove = partial(_why_it_stays, store, err)
    _end_the_killed(home, remove, err)
    request, options = asked_for(home, target, arguments, given, err)
    seed = random.randrange(_SEEDS) if given["seed"] is None else given["seed"]
    planned = plan(given["trials"], faults, seed)
    tell = partial(err.line, dim=True)
    with raising_interrupts(), new_scratch(home, kept=given["keep"]) as scratch:
        subject = Subject(request, options, scratch, tell)
        trials = Trials(subject, Criterion(given["tolerance"], given["agree_on"]), remove)
        with _kept(subject) if given["keep"] else cleared(scratch, remove, tell):
            err.line(f"{request.name}: {len(planned)} trials, seed {seed}", bold=True)
            verdicts = _verdicts(trials, planned, err)
    if as_json:
        out.line(json.dumps(_document(request.name, seed, trials, verdicts), indent=2))
    else:
        for line in _table(verdicts, out):
            out.line(line)
    return 0 if all(verdict.is_good for verdict in verdicts) else _EXIT_FOUND


def _verdicts(trials: Trials, planned: Sequence[PlannedTrial], err: Stream) -> list[Verdict]:
    """Run all trials, and say of each how it went."""
    try:
        trials.undisturbed()
    except UndisturbedError as fault:
        raise Complaint([printable(str(fault))], _EXIT_FOUND) from fault
    err.line(f"undisturbed: trained for {duration(trials.window.end)}", dim=True)
    if not trials.window.begin:
        err.line("note: no whole checkpoint came to S3 while it trained", fg="yellow")
    verdicts = []
    for each in planned:
        verdict = trials.run(each)
        verdicts.append(verdict)
        said = one_line(verdict.sentence, 500)
        colour = "green" if verdict.is_good else "red"
        err.line(f"trial {each.number} of {len(planned)}: {said}", fg=colour)
    return verdicts


@contextmanager
def _kept(subject: Subject) -> Iterator[None]:
    """Say in the end what is kept."""
    try:
        yield
    finally:
        subject.tell(f"kept: {subject.scratch.path} and the jobs {subject.job_name('*')}")


def _why_it_stays(store: JobStore, err: Stream, folder: JobFolder) -> str | None:
    """Delete a job of a trial."""
    try:
        remove(store, folder, err, force=True)
    except Refused as refusal:
        return str(refusal)
    return None


def _end_the_killed(home: Home, remove: Remove, err: Stream) -> None:
    """Delete what runs have left that were killed."""
    for scratch in left_over(home):
        reasons = clear(scratch, remove)
        for reason in reasons:
            err.line(f"Warning: a chaos that was killed has left {reason}", fg="yellow")
        if not reasons:
            err.line(f"{scratch.path}: its chaos had died; deleted with its jobs", dim=True)


def _faults(named: Sequence[str] | None, err: Stream) -> tuple[Fault, ...]:
    """The faults to make: those that are named, or all that can be made here."""
    missing = why_no_disk()
    if named is None:
        if missing is None:
            return tuple(Fault)
        err.line(f"note: {Fault.FULL_DISK.value} is left out: {missing}", fg="yellow")
        return tuple(fault for fault in Fault if fault is not Fault.FULL_DISK)
    faults = tuple(Fault(name) for name in named)
    if Fault.FULL_DISK in faults and missing is not None:
        raise Complaint([f"--faults {Fault.FULL_DISK.value}: {missing}"], EXIT_INPUT)
    return faults


def _document(name: str, seed: int, trials: Trials, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    return {
        "Name": name,
        "Seed": seed,
        "UndisturbedSeconds": trials.window.end,
        "FirstCheckpointAfterSeconds": trials.window.begin or None,
        "IsGood": all(verdict.is_good for verdict in verdicts),
        "Trials": [verdict.to_document() for verdict in verdicts],
    }


def _table(verdicts: Sequence[Verdict], out: Stream) -> Iterator[str]:
    """The lines of a table; on a terminal the last column is cut at its edge."""
    rows = [_HEADERS, *(_cells(verdict) for verdict in verdicts)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADERS) - 1)]
    room = max(shutil.get_terminal_size().columns - sum(widths) - 2 * len(widths), 20)
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  ".join([*cells, one_line(row[-1], room if out.is_terminal else 999)]).rstrip()


def _cells(verdict: Verdict) -> tuple[str, ...]:
    lost = [] if verdict.seconds_lost is None else [duration(verdict.seconds_lost)]
    if verdict.steps_lost is not None:
        lost.append(f"{verdict.steps_lost} steps")
    return (
        str(verdict.number),
        verdict.fault.value,
        "" if verdict.moment is None else duration(verdict.moment),
        "yes" if verdict.resumption.resumed else "no",
        "" if verdict.from_step is None else str(verdict.from_step),
        ", ".join(lost),
        "agrees" if verdict.agreement.agrees else "differs",
        f"{verdict.resumption.how}; {verdict.agreement.how}",
    )
