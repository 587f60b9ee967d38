"""All checks in their order, and how they are made one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from sm_container.harness.engines.engine import EngineError
from sm_container.harness.inputs.errors import InputError
from sm_container.harness.request.errors import RequestError
from sm_container.storage.errors import StorageError
from sm_container.testing.certify.bench import Bench
from sm_container.testing.certify.check import Check, Finding, Outcome, Profile, Verdict
from sm_container.testing.certify.checks import (
    channels,
    failing,
    hyperparameters,
    image,
    metrics,
    start,
    stopping,
    surroundings,
)

BATTERY: tuple[Check, ...] = (
    *start.CHECKS,
    *image.CHECKS,
    *hyperparameters.CHECKS,
    *channels.CHECKS,
    *surroundings.CHECKS,
    *stopping.CHECKS,
    *failing.CHECKS,
    *metrics.CHECKS,
)
_UNTRIED = (EngineError, InputError, RequestError, StorageError)


def chosen(profile: Profile, only: Sequence[str] = (), without: Sequence[str] = ()) -> list[Check]:
    """The checks of a profile, or those of these names, less others."""
    return [
        check
        for check in BATTERY
        if (check.name in only if only else check.is_in(profile)) and check.name not in without
    ]


def certify(
    bench: Bench, checks: Sequence[Check], begun: Callable[[Check], None]
) -> Iterator[Verdict]:
    """Make the checks; ``begun`` is told of each before it is made.

    Raises:
        KeyboardInterrupt: for Ctrl-C, which stops the job that runs.
    """
    for check in checks:
        begun(check)
        before, started = len(bench.made), time.monotonic()
        finding = _look(check, bench)
        yield Verdict(check, finding, time.monotonic() - started, tuple(bench.made[before:]))


def _look(check: Check, bench: Bench) -> Finding:
    try:
        if check.needs_sound_run and bench.sound.status != "Completed":
            return Finding.not_applicable("the job does not complete undisturbed")
        return check.look(bench)
    except _UNTRIED as fault:
        return Finding(Outcome.ERROR, str(fault))
