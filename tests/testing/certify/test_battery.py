"""How checks are chosen and made one after the other, whatever comes of the sound job."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from sm_container.harness.engines.engine import EngineError
from sm_container.testing.certify import battery
from sm_container.testing.certify.bench import Bench, UntriedError
from sm_container.testing.certify.changes import as_it_is
from sm_container.testing.certify.check import Check, Finding, Outcome, Profile
from sm_container.testing.certify.checks.start import TRAINS
from tests.testing.certify.conftest import Certified


def check(name: str, look: Any = lambda bench: Finding.passed("seen"), needs: bool = True) -> Check:
    return Check(name, name, "why", "mend", "source", look, needs_sound_run=needs)


class Unrunnable(SimpleNamespace):
    """A bench on which the sound job cannot be run."""

    made: tuple[str, ...] = ()

    @property
    def sound(self) -> Any:
        fault = UntriedError("the engine is gone")
        fault.is_of_the_sound_job = True
        raise fault


def findings(bench: Any, *checks: Check) -> list[Finding]:
    return [verdict.finding for verdict in battery.certify(bench, checks)]


def raising(fault: Exception) -> Any:
    def look(bench: Bench) -> Finding:
        raise fault

    return look


def test_a_profile_has_all_of_the_lesser_one() -> None:
    basic = {each.name for each in battery.chosen(Profile.BASIC)}
    every = {each.name for each in battery.chosen(Profile.MARKETPLACE)}
    assert basic < every == {each.name for each in battery.BATTERY}
    assert [each.name for each in battery.chosen(Profile.BASIC, ["ordinary-user"])] == [
        "ordinary-user"
    ]
    assert "stop" not in {each.name for each in battery.chosen(Profile.BASIC, without=["stop"])}


def test_names_are_given_once() -> None:
    names = [each.name for each in battery.BATTERY]
    assert len(set(names)) == len(names)


def test_a_sound_job_that_cannot_be_run_is_told_once() -> None:
    looks = check("looks", lambda bench: Finding.passed(bench.sound.status), needs=False)

    trains, rests, looked = findings(Unrunnable(), TRAINS, check("rests"), looks)

    assert (trains.outcome, trains.seen) == (Outcome.ERROR, "the engine is gone")
    assert rests.outcome is looked.outcome is Outcome.NOT_APPLICABLE
    assert rests.seen == "the job does not complete undisturbed: see trains"


def test_what_rests_on_it_is_never_good_where_nobody_has_told() -> None:
    [alone] = findings(Unrunnable(), check("rests"))
    assert alone.outcome is Outcome.ERROR
    assert alone.seen.endswith("the engine is gone")


@pytest.mark.parametrize("fault", [EngineError("no"), UntriedError("no")])
def test_a_check_that_cannot_be_made_does_not_end_the_others(fault: Exception) -> None:
    sound = SimpleNamespace(sound=SimpleNamespace(status="Completed"), made=())

    one, other = findings(sound, check("one", raising(fault)), check("other"))

    assert (one.outcome, one.seen) == (Outcome.ERROR, "no")
    assert other.outcome is Outcome.PASS


def test_a_defect_of_ours_is_no_finding() -> None:
    sound = SimpleNamespace(sound=SimpleNamespace(status="Completed"), made=())
    with pytest.raises(ZeroDivisionError):
        findings(sound, check("one", raising(ZeroDivisionError())))


def test_the_names_of_jobs_are_names_that_the_service_takes(certified: Certified) -> None:
    bench = certified.bench()
    name = bench.prepared(f"empty-{'my_data.v2' * 6}", as_it_is).request.name
    assert name == "constant-1-empty-my-data-v2my-data-v2my-d"
