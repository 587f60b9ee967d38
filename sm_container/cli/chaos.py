"""What ``chaos`` does, once its options are read: the undisturbed run, then trial by trial."""

from __future__ import annotations

import json
import random
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
from sm_container.cli.verdicts import document, table
from sm_container.harness.life.stopping import raising_interrupts
from sm_container.harness.store.folder import JobFolder
from sm_container.harness.store.home import Home
from sm_container.harness.store.jobs import JobStore
from sm_container.testing.chaos.clearing import Remove, clear, cleared
from sm_container.testing.chaos.plan import Fault, plan
from sm_container.testing.chaos.scratch import left_over, new_scratch
from sm_container.testing.chaos.subject import Subject
from sm_container.testing.chaos.trial import run_trial
from sm_container.testing.chaos.undisturbed import Undisturbed, UndisturbedError, run_undisturbed
from sm_container.testing.chaos.verdict import Verdict
from sm_container.testing.survival.agreement import Criterion
from sm_container.testing.survival.disk import why_no_disk

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
    delete = partial(_why_it_stays, store, err)
    _delete_left_over(home, delete, err)
    request, options = asked_for(home, target, arguments, given, err)
    seed = random.randrange(_SEEDS) if given["seed"] is None else given["seed"]
    planned = plan(given["trials"], faults, seed)
    criterion = Criterion(given["tolerance"], given["agree_on"])
    tell = partial(err.line, dim=True)
    with raising_interrupts(), new_scratch(home, kept=given["keep"]) as scratch:
        subject = Subject(request, options, scratch, tell)
        with _kept(subject) if given["keep"] else cleared(scratch, delete, tell):
            err.line(f"{request.name}: {len(planned)} trials, seed {seed}", bold=True)
            undisturbed = _undisturbed(subject, err)
            verdicts = []
            for each in planned:
                verdict = run_trial(subject, each, undisturbed, criterion, delete)
                verdicts.append(verdict)
                _say(verdict, len(planned), err)
    if as_json:
        found = document(request.name, seed, undisturbed.window, verdicts)
        out.line(json.dumps(found, indent=2))
    else:
        for line in table(verdicts, out):
            out.line(line)
    return 0 if all(verdict.is_good for verdict in verdicts) else _EXIT_FOUND


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


def _undisturbed(subject: Subject, err: Stream) -> Undisturbed:
    try:
        undisturbed = run_undisturbed(subject)
    except UndisturbedError as fault:
        raise Complaint([printable(str(fault))], _EXIT_FOUND) from fault
    err.line(f"undisturbed: trained for {duration(undisturbed.window.end)}", dim=True)
    if not undisturbed.window.begin:
        err.line("note: no whole checkpoint came to S3 while it trained", fg="yellow")
    return undisturbed


def _say(verdict: Verdict, trials: int, err: Stream) -> None:
    said = one_line(verdict.sentence, 500)
    colour = "green" if verdict.is_good else "red"
    err.line(f"trial {verdict.number} of {trials}: {said}", fg=colour)


@contextmanager
def _kept(subject: Subject) -> Iterator[None]:
    """Say in the end what is kept."""
    try:
        yield
    finally:
        subject.tell(f"kept: {subject.scratch.path} and the jobs {subject.job_name('*')}")


def _why_it_stays(store: JobStore, err: Stream, folder: JobFolder) -> str | None:
    """Delete a job of a trial; returns why it stays, None where it is gone."""
    try:
        remove(store, folder, err, force=True)
    except Refused as refusal:
        return str(refusal)
    return None


def _delete_left_over(home: Home, delete: Remove, err: Stream) -> None:
    """Delete what runs have left that were killed."""
    for scratch in left_over(home):
        reasons = clear(scratch, delete)
        for reason in reasons:
            err.line(f"Warning: what a killed chaos has left stays: {reason}", fg="yellow")
        if not reasons:
            err.line(f"{scratch.path}: its chaos had died; deleted with its jobs", dim=True)
