"""What docker and podman say of a container's state, as they say it."""

from __future__ import annotations

from typing import Any

import pytest

from sm_container.harness.engines.state import Life, State

EVER = "2026-11-21T07:56:39.019098283Z"
NEVER = "0001-01-01T00:00:00Z"


def document(**fields: Any) -> dict[str, Any]:
    known = {"Status": "exited", "Running": False, "ExitCode": 0, "Pid": 0, "StartedAt": EVER}
    return {**known, **fields}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (document(ExitCode=3, OOMKilled=True), State(Life.ENDED, 3, True, 0)),
        (document(Status="running", Running=True, Pid=7), State(Life.RUNNING, 0, False, 7)),
        (document(Status="stopping", Pid=7), State(Life.RUNNING, 0, False, 7)),
        (document(Status="created", StartedAt=NEVER), State(Life.CREATED, 0, False, 0)),
        (
            document(Status="created", StartedAt=NEVER, ExitCode=127),
            State(Life.CREATED, 127, False, 0),
        ),
    ],
)
def test_states(said: dict[str, Any], expected: State) -> None:
    assert State.from_document(said) == expected
