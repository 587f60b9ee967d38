"""The example interrupted, with a warning and without one: the same model as undisturbed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.examples.conftest import EXAMPLE, trained

# Rounds enough that training goes on when its instances are taken away.
GIVEN = {"num_round": "3000", "max_depth": "2", "margin_column": "0", "checkpoint_every": "100"}
INTERRUPTED = ("--spot", "--interrupt-after", "3", "--kill-after", "3")


def trained_on(
    flights: Path, engine: str, target: str, home: Path, *options: str
) -> tuple[str, dict[str, Any]]:
    """The hash of the model, and the job's description."""
    model, printed = trained(
        *(engine, target, home, f"--channel=train={flights / 'train'}/,content-type=text/csv"),
        *(f"--hp={name}={value}" for name, value in GIVEN.items()),
        *(*options, "--checkpoint", str(home / "checkpoints"), "--json"),
    )
    return model, json.loads(printed)["SmContainer"]


@pytest.fixture(scope="module")
def undisturbed(flights: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The model of a job that nothing interrupts."""
    return trained_on(flights, "process", str(EXAMPLE), tmp_path_factory.mktemp("home"))[0]


@pytest.mark.parametrize("engine", ["process", pytest.param("podman", marks=pytest.mark.container)])
def test_interruptions_leave_no_trace_in_the_model(
    engine: str,
    flights: Path,
    undisturbed: str,
    hostile_tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    target = str(EXAMPLE) if engine == "process" else request.getfixturevalue("image")

    model, own = trained_on(flights, engine, target, hostile_tmp_path, *INTERRUPTED)

    assert [each["Signal"] for each in own["Interruptions"]] == ["SIGTERM", "SIGKILL"]
    assert sum(each["FilesRestored"] for each in own["Checkpoints"]) > 0
    assert model == undisturbed
