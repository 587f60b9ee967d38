"""What a run says of spot instances before it starts."""

from __future__ import annotations

from typing import Any

import pytest

from sm_container.harness.job.options import RunOptions
from sm_container.harness.life.spot import NOT_SPOT, spot_notes
from sm_container.harness.request.errors import RequestError

SPOT = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
}


@pytest.mark.parametrize(
    "options", [{"interrupt_after": (0.0,)}, {"kill_after": (1.0,)}, {"interrupt_every": 1.0}]
)
def test_only_spot_jobs_are_interrupted(desk: Any, options: dict[str, Any]) -> None:
    with pytest.raises(RequestError) as caught:
        desk.prepared("true", desk.document(), **options)
    assert caught.value.faults == (NOT_SPOT,)
    desk.prepared("true", desk.document(**SPOT), **options)


def test_assumptions_and_plans_are_told(desk: Any) -> None:
    prepared = desk.prepared("true", desk.document(**SPOT), spot_discount_percent=62.5)
    [assumed] = prepared.notes
    assert assumed.startswith("assumed: spot instances cost 62.5 % less (--spot-discount)")

    interrupted = RunOptions("image", kill_after=(2.0,), interrupt_every=5.0, grace_seconds=3)
    _, plan, anew = spot_notes(prepared.request, interrupted)
    assert plan == (
        "spot interruptions: attempt 1 after 2 s of training, by SIGKILL; each later attempt after "
        "5 s of training, by SIGTERM and 3 s of grace"
    )
    assert "all begins anew" in anew
    kept = {"CheckpointConfig": {"S3Uri": f"file://{desk.folder}/kept"}}
    prepared = desk.prepared("true", desk.document("other", **SPOT, **kept))
    assert len(list(spot_notes(prepared.request, interrupted))) == 2


def test_a_job_on_demand_has_nothing_to_say(desk: Any) -> None:
    assert desk.prepared("true", desk.document()).notes == ()
