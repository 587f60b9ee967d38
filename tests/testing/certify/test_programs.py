"""The battery is tried on a program that is sound, and on programs that are broken in one way each,
of which it finds every one."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from sm_container.declaration.specification import Specification
from sm_container.testing.certify import battery
from sm_container.testing.certify.check import Outcome, Profile
from tests.testing.certify.cases import (
    BROKEN_IN_IMAGES,
    IMAGES,
    PROGRAMS,
    WITH_TESTS_OF_THEIR_OWN,
    Program,
)
from tests.testing.certify.conftest import METRIC, Certified, declaration

pytestmark = pytest.mark.usefixtures("bubblewrap")  # without it two checks are not made
FAIL, PASS = Outcome.FAIL, Outcome.PASS
FOR_IMAGES = {
    *("entry-point-exec", "entry-point-no-init", "image-size", "image-secrets"),
    *("ordinary-user", "writes", "out-of-memory"),
}


ALL = [check.name for check in battery.chosen(Profile.MARKETPLACE)]


@pytest.mark.parametrize("names", [ALL[:14], ALL[14:]], ids=["half", "other half"])
def test_a_sound_program_passes_every_check(certified: Certified, names: list[str]) -> None:
    found = certified.training(15).findings(*names)

    others = {name: each for name, each in found.items() if each.outcome is not PASS}
    assert others.keys() <= FOR_IMAGES, others
    assert {each.outcome for each in others.values()} <= {Outcome.NOT_APPLICABLE}


def test_a_stop_is_heard_where_there_are_no_metrics_to_tell_by(certified: Certified) -> None:
    certified.but(metrics={}).training(12).require("stop", PASS, "left a model")


def test_a_stop_is_not_heard_where_there_are_no_metrics_to_tell_by(certified: Certified) -> None:
    deaf = certified.but("stop: short and deaf", metrics={}, options={"grace_seconds": 20.0})

    deaf.training(12).require("stop", FAIL, "SIGTERM made no difference")


def test_a_training_without_a_middle_cannot_be_stopped_there(certified: Certified) -> None:
    found = certified.findings("stop", "stop-start-up")

    for finding in found.values():
        assert finding.outcome is Outcome.NOT_APPLICABLE
        assert "too briefly" in finding.seen


@pytest.mark.parametrize(
    ("metric", "outcome", "seen"),
    [
        ("validation:error", PASS, "not tried: validation:error, for the job has no such channel"),
        ("lost", FAIL, "no line of the log has lost; the job does not have validation"),
    ],
)
def test_a_metric_of_an_optional_channel_that_the_job_does_not_have(
    certified: Certified, metric: str, outcome: Outcome, seen: str
) -> None:
    declared = declaration()
    channels = declared["TrainingSpecification"]["TrainingChannels"]
    channels.append({**channels[0], "Name": "validation", "IsRequired": False})
    job = certified.but(
        metrics={"error": METRIC, metric: "never=(.*)"},
        specification=Specification.from_document(declared),
    )

    job.require("metrics", outcome, seen)


@pytest.mark.parametrize("case", PROGRAMS, ids=[each.broken for each in PROGRAMS])
def test_a_broken_program_is_found_out(certified: Certified, case: Program) -> None:
    broken = certified.training(case.epochs).but(case.broken)
    if "endless" in case.broken:
        broken = broken.but(max_runtime=3)
    if case.seen == "SIGTERM made no difference":
        broken = broken.but(options={"grace_seconds": 20.0})

    broken.require(case.check, FAIL, case.seen)


def test_a_program_that_needs_the_network_is_found_out(certified: Certified, listener: int) -> None:
    needy = certified.but("network-isolation", environment={"PORT": str(listener)})

    found = needy.findings("trains", "network-isolation")

    assert found["trains"].outcome is PASS, found
    assert found["network-isolation"].outcome is FAIL
    assert "Connection refused" in found["network-isolation"].seen


@pytest.fixture
def listener() -> Iterator[int]:
    """The port of a server that takes every connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_program_that_needs_credentials_is_found_out(
    certified: Certified, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    needy = certified.but("no-credentials", options={"credentials": "env"})

    found = needy.findings("trains", "no-credentials")

    assert found["trains"].outcome is PASS, found
    assert found["no-credentials"].outcome is FAIL
    assert "there are no credentials" in found["no-credentials"].seen


def test_there_is_something_broken_for_every_check() -> None:
    tried = {each.check for each in (*PROGRAMS, *IMAGES, *BROKEN_IN_IMAGES)}
    assert tried | set(WITH_TESTS_OF_THEIR_OWN) == {check.name for check in battery.BATTERY}
