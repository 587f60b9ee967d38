"""What a TrainingImage means here: an image of this machine, or a program that has its name."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from sm_container.harness.engines.client import Client
from sm_container.harness.engines.detect import AUTO, find_client
from sm_container.harness.engines.engine import EngineError
from sm_container.harness.engines.images import digest, is_present
from sm_container.harness.engines.program import find_program
from sm_container.harness.request.extensions import is_program
from sm_container.harness.request.rules import INVALID_IMAGE
from sm_container.harness.request.wording import display
from sm_container.service.errors import invalid

_REFERENCE = re.compile(
    r"(?P<path>[A-Za-z0-9][A-Za-z0-9._:/-]*?)(?P<tag>:[\w][\w.-]{0,127})?(?P<digest>@sha256:[0-9a-f]{64})?"
)


def last_name(image: str) -> str:
    """``my-algo`` of ``123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/my-algo:3``.

    Raises:
        ServiceError: where that is no image's name.
    """
    return _parts(image)[0]


def target_of(image: str, images: Mapping[str, str], engine: str) -> str:
    """The target that runs for a TrainingImage: what ``images`` names, else the image itself where
    it is on this machine, else the one of the same last name and tag.

    Raises:
        ServiceError: where there is none, saying what was looked for.
    """
    name, tag = _parts(image)
    if name in images:
        _require_there(name, images[name], engine)
        return images[name]
    looked_for = [image, f"{name}{tag}"]
    client = _client_for(image, engine)
    for each in dict.fromkeys(looked_for):
        if is_present(client, each):
            return each
    raise invalid(
        f"{INVALID_IMAGE} Neither {' nor '.join(dict.fromkeys(looked_for))} is on this machine: "
        f"build it, or start the service with --image {name}=IMAGE-OR-PROGRAM"
    )


def digest_of(target: str, engine: str) -> str | None:
    """The digest of a target that is an image of this machine, ``sha256:...``; None for a program,
    and for an image that is not there."""
    if is_program(target):
        return None
    try:
        return digest(_client(engine), target)
    except EngineError:
        return None  # a job would fail, and say why


def _require_there(name: str, target: str, engine: str) -> None:
    """Raises ServiceError where what stands for a name has gone, or never was."""
    if is_program(target):
        try:
            find_program(Path(target))
        except EngineError as fault:
            raise invalid(f"{INVALID_IMAGE} '{name}' is a program here: {fault}") from fault
    elif not is_present(_client_for(target, engine), target):
        raise invalid(
            f"{INVALID_IMAGE} '{name}' is '{display(target)}' here, which is not on this machine: "
            "build or pull it, or start the service with another --image"
        )


def _client_for(image: str, engine: str) -> Client:
    try:
        return _client(engine)
    except EngineError as fault:
        raise invalid(f"{INVALID_IMAGE} '{display(image)}' cannot be run: {fault}") from fault


def _client(engine: str) -> Client:
    """Raises EngineError where no engine of containers works here."""
    return find_client(AUTO if engine == "process" else engine, os.environ)


def _parts(image: str) -> tuple[str, str]:
    """The last name, and the tag with its colon, ``:latest`` where there is none."""
    found = None if is_program(image) else _REFERENCE.fullmatch(image)
    if found is None:
        hint = ": give a program a name by --image NAME=PROGRAM" if is_program(image) else ""
        raise invalid(f"{INVALID_IMAGE} TrainingImage is '{display(image)}'{hint}")
    return found["path"].rpartition("/")[2], found["tag"] or ":latest"
