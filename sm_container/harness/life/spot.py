"""What a run is told of spot instances: whether it suits the request, and what to say of it."""

from __future__ import annotations

from collections.abc import Iterator

from sm_container.harness.job.interruptions import any_planned, described
from sm_container.harness.job.options import RunOptions
from sm_container.harness.request.errors import RequestError
from sm_container.harness.request.training_request import TrainingRequest

NOT_SPOT = (
    "only spot instances are interrupted: give --spot too, or EnableManagedSpotTraining and "
    "MaxWaitTimeInSeconds in the request"
)


def require_spot(request: TrainingRequest, options: RunOptions) -> None:
    """Raise RequestError where interruptions are asked for, and the job is no spot job."""
    if any_planned(options) and not request.spot:
        raise RequestError((NOT_SPOT,))


def spot_notes(request: TrainingRequest, options: RunOptions) -> Iterator[str]:
    """What is assumed of a spot job, and what will befall it."""
    if not request.spot:
        return
    yield (
        f"assumed: spot instances cost {options.spot_discount_percent:g} % less "
        "(--spot-discount); BillableTimeInSeconds follows from that, and the service's from the "
        "market"
    )
    if not any_planned(options):
        return
    yield f"spot interruptions: {'; '.join(described(options))}"
    if request.checkpoint is None:
        yield "there is no CheckpointConfig (--checkpoint): after an interruption all begins anew"
