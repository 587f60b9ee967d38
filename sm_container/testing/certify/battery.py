"""All checks in their order, and how they are made one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from sm_container.harness.credentials.choice import CredentialsError
from sm_container.harness.engines.engine import EngineError
from sm_container.harness.inputs.errors import InputError
from sm_container.harness.request.errors import RequestError
from sm_container.storage.errors import StorageError
from sm_container.testing.certify.bench import Bench, UntriedError
from sm_container.testing.certify.check import Check, Finding, Outcome, Profile, Verdict
from sm_container.testing.certify.checks import (
    channels,
    checkpoints,
    failing,
    hyperparameters,
    image,
    metrics,
    start,
    stopping,
    surroundings,
)
from sm_container.testing.certify.ends import told

BATTERY: tuple[Check, ...] = (
    *start.CHECKS,
    *image.CHECKS,
    *metrics.CHECKS,
    *hyperparameters.CHECKS,
    *channels.CHECKS,
    *surroundings.CHECKS,
    *stopping.CHECKS,
    *checkpoints.CHECKS,
    *failing.CHECKS,
)
_UNSOUND = "the job does not complete undisturbed"
_UNTRIED = (UntriedError, EngineError, CredentialsError, InputError, RequestError, StorageError)


def chosen(profile: Profile, only: Sequence[str] = (), without: Sequence[str] = ()) -> list[Check]:
    """The checks of a profile, or those of these names, less others."""
    return [
        check
        for check in BATTERY
        if (check.name in only if only else check.is_in(profile)) and check.name not in without
    ]


def certify(
    bench: Bench, checks: Sequence[Check], begun: Callable[[Check], None] = lambda check: None
) -> Iterator[Verdict]:
    """Make the checks; ``begun`` is told of each before it is made.

    Raises:
        KeyboardInterrupt: for Ctrl-C, which stops the job that runs.
    """
    says_why = False
    for check in checks:
        begun(check)
        before, started = len(bench.made), time.monotonic()
        finding = _look(check, bench, says_why)
        yield Verdict(check, finding, time.monotonic() - started, tuple(bench.made[before:]))
        says_why = says_why or check is start.TRAINS


def _look(check: Check, bench: Bench, says_why: bool) -> Finding:
    """``says_why`` is whether the user was told already if the sound job does not complete: if not,
    a check that could not be made for that must not look as if all were well."""
    try:
        why = _unsoundness(bench) if check.needs_sound_run else None
        if why is None:
            return check.look(bench)
    except _UNTRIED as fault:
        if not says_why or not isinstance(fault, UntriedError) or not fault.is_of_the_sound_job:
            return Finding(Outcome.ERROR, str(fault))
        why = str(fault)
    if says_why:
        return Finding.not_applicable(
            f"the job does not complete undisturbed: see {start.TRAINS.name}"
        )
    return Finding(Outcome.ERROR, f"the job does not complete undisturbed: {why}")


def _unsoundness(bench: Bench) -> str | None:
    """Why the sound job has not completed; None where it has."""
    try:
        sound = bench.sound
    except UntriedError as fault:
        return str(fault)
    return None if sound.status == "Completed" else told(sound)
