"""What is known of an image, and what the checks that need no job make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from sm_container.harness.engines.container import ContainerEngine
from sm_container.testing.certify.battery import BATTERY
from sm_container.testing.certify.check import Finding, Outcome
from sm_container.testing.certify.image import ImageFacts, Layer, image_facts
from tests.testing.certify.conftest import Images

LEAN = ImageFacts("sha256:abc", ("/opt/train",), (), size=10**8, depth=3)
FAIL, PASS = Outcome.FAIL, Outcome.PASS


def look(name: str, image: ImageFacts, entrypoint: Sequence[str] | None = None) -> Finding:
    """What a check finds of an image, for a request with this ContainerEntrypoint."""
    [check] = [each for each in BATTERY if each.name == name]
    bench: Any = SimpleNamespace(image=image, request=SimpleNamespace(entrypoint=entrypoint))
    return check.look(bench)


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ((), PASS),
        (("sm-train",), PASS),
        (("python3", "train.py", "-c", "x"), PASS),
        (("bash", "/opt/start.sh"), PASS),
        (("/bin/sh", "-c", "python train.py"), FAIL),
        (("/bin/bash", "-lc", "exec python train.py"), FAIL),
        (("/usr/bin/env", "A=b", "sh", "-c", "python train.py"), FAIL),
        (("/usr/bin/env", "python3", "train.py"), PASS),
    ],
)
def test_the_form_of_an_entry_point(words: tuple[str, ...], outcome: Outcome) -> None:
    assert look("entry-point-exec", replace(LEAN, entrypoint=words)).outcome is outcome


def test_the_entry_point_of_the_request_is_what_runs() -> None:
    shell = ("sh", "-c", "python train.py")
    assert look("entry-point-exec", LEAN, shell).outcome is FAIL
    assert look("entry-point-exec", replace(LEAN, entrypoint=shell), ("train",)).outcome is PASS
    assert look("entry-point-no-init", LEAN, ("/sbin/tini", "--", "x")).outcome is FAIL


@pytest.mark.parametrize(
    ("word", "outcome"), [("/usr/bin/tini", FAIL), ("dumb-init", PASS), ("/opt/tinifit", PASS)]
)
def test_an_init_as_entry_point(word: str, outcome: Outcome) -> None:
    assert look("entry-point-no-init", replace(LEAN, entrypoint=(word,))).outcome is outcome


@pytest.mark.parametrize(
    ("changed", "seen"),
    [
        ({"size": 11 * 10**9}, "more than 10.0 GB in all"),
        ({"depth": 128}, "more than 127 layers"),
        ({"layers": (Layer("COPY all /", 60_000 << 20),)}, "in one layer"),
    ],
)
def test_an_image_that_is_too_large(changed: dict[str, Any], seen: str) -> None:
    finding = look("image-size", replace(LEAN, **changed))
    assert finding.outcome is FAIL
    assert seen in finding.seen


def test_an_image_that_is_not_too_large() -> None:
    layers = (Layer("ENV A=b", 0), Layer("RUN   pip install\n everything", 10**7), Layer("ADD", 9))
    finding = look("image-size", replace(LEAN, layers=layers))
    assert finding.outcome is PASS
    assert finding.seen.endswith("the largest of 10.0 MB: RUN pip install everything")


def test_an_image_as_the_engines_describe_it(
    container_engine: ContainerEngine, images: Images
) -> None:
    lines = ("ENV A=b=c", "USER 1000", 'CMD ["train"]', 'ENTRYPOINT ["/opt/program/train"]')
    image = images.build("described", *lines)

    facts = image_facts(container_engine, image)

    assert facts.identity.removeprefix("sha256:").isalnum()
    assert facts.entrypoint == ("/opt/program/train",)
    assert facts.command == ("train",)
    assert facts.environment["A"] == "b=c"
    assert facts.user == "1000"
    assert facts.size > 50_000_000
    assert facts.depth >= 2
    assert sum(layer.size for layer in facts.layers) > 50_000_000
    assert "ENTRYPOINT" in facts.layers[0].command or "ENTRYPOINT" in facts.layers[1].command
