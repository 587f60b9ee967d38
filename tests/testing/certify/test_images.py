"""The battery is tried on an image that is sound, and on images that are broken in one way each."""

from __future__ import annotations

import pytest

from sm_container.testing.certify import battery
from sm_container.testing.certify.check import Outcome, Profile
from tests.testing.certify.cases import BROKEN_IN_IMAGES, IMAGES, Image, Program
from tests.testing.certify.conftest import Certified, Images

pytestmark = pytest.mark.container
FAIL, PASS = Outcome.FAIL, Outcome.PASS
# Those that need a training with a middle, or one whose memory can be seen.
SLOW = ("stop", "stop-start-up", "checkpoints-resume", "out-of-memory")
QUICK = [each.name for each in battery.chosen(Profile.MARKETPLACE, without=SLOW)]


@pytest.mark.parametrize("names", [QUICK[:10], QUICK[10:]], ids=["half", "other half"])
def test_a_sound_image_passes_every_quick_check(image: Certified, names: list[str]) -> None:
    found = image.but(hyperparameters={"epochs": "3"}).findings(*names)

    assert {name: each for name, each in found.items() if each.outcome is not PASS} == {}


@pytest.mark.parametrize("name", SLOW)
def test_a_sound_image_passes_every_slow_check(image: Certified, name: str) -> None:
    is_held = name == "out-of-memory"
    sound = image.but(hyperparameters={"megabytes": "60"}) if is_held else image.training(15)

    sound.require(name, PASS)


@pytest.mark.parametrize("case", IMAGES, ids=[each.check for each in IMAGES])
def test_a_broken_image_is_found_out(image: Certified, images: Images, case: Image) -> None:
    image.but(target=images.build("broken", *case.lines)).require(case.check, FAIL, case.seen)


@pytest.mark.parametrize("case", BROKEN_IN_IMAGES, ids=[each.broken for each in BROKEN_IN_IMAGES])
def test_a_broken_program_in_an_image_is_found_out(image: Certified, case: Program) -> None:
    image.but(case.broken).require(case.check, FAIL, case.seen)


def test_a_program_that_hangs_without_its_worker_is_found_out(image: Certified) -> None:
    hanging = image.but("out-of-memory", hyperparameters={"megabytes": "60"}, max_runtime=6)

    hanging.require("out-of-memory", FAIL, "it had not ended after 6.0 s")


def test_a_shell_that_keeps_sigterm_to_itself_is_found_out(
    image: Certified, images: Images
) -> None:
    shell = images.build("shell", 'ENTRYPOINT ["sh", "-c", "/opt/program/train; exit $?"]')

    image.training(30).but(target=shell).require("stop", FAIL, "SIGTERM did not end it")
