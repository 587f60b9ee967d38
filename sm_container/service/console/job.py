"""The page of a job, and the parts of it that change while it runs."""

from __future__ import annotations

import math
import time
from typing import Any

from starlette.responses import Response

from sm_container.contract.redaction import redacted
from sm_container.harness.job.record import JobRecord
from sm_container.harness.report import chart
from sm_container.harness.report.facts import facts_of, life_of
from sm_container.harness.report.metrics import metric_charts
from sm_container.harness.report.rows import channel_rows
from sm_container.harness.report.timeline import timeline
from sm_container.harness.report.utilization import (
    read_samples,
    throughput_charts,
    utilization_charts,
)
from sm_container.harness.store.folder import JobFolder
from sm_container.service.account import Account
from sm_container.service.console.advice import advice
from sm_container.service.console.artifacts import artifacts
from sm_container.service.console.asked import Asked
from sm_container.service.console.configuration import channels, settings
from sm_container.service.console.found import found_job
from sm_container.service.console.logs import log_parts
from sm_container.service.console.rendering import rendered
from sm_container.service.errors import ServiceError
from sm_container.service.sagemaker import tags
from sm_container.service.sagemaker.names import job_arn

_LEAST_SECONDS = 2
_SHARE = 0.1  # of the time at most that may pass with making the changing parts


def job(account: Account, asked: Asked) -> Response:
    """All that is known of a job."""
    folder, record = found_job(account, asked)
    return rendered(
        account,
        "job.html",
        job=_changing(folder, record),
        record=record,
        settings=list(settings(record)),
        channels=list(channels(record)),
        hyperparameters=redacted(record.document.get("HyperParameters") or {}),
        environment=redacted(record.document.get("Environment") or {}),
        tags=tags.list_tags(account, {"ResourceArn": job_arn(account, record.name)})["Tags"],
        logs=log_parts(folder, is_running=not record.status.is_terminal),
    )


def job_now(account: Account, asked: Asked) -> Response:
    """The parts of the page that change, which the page asks for again and again."""
    try:
        folder, record = found_job(account, asked)
    except ServiceError as fault:
        return rendered(account, "job_gone.html", message=fault.message)
    return rendered(account, "job_now.html", job=_changing(folder, record))


def _changing(folder: JobFolder, record: JobRecord) -> dict[str, Any]:
    began = time.monotonic()
    now = time.time()
    life = life_of(record, folder, now)
    samples = read_samples(record, folder)
    values = {
        "record": record,
        "field": chart,
        "life": life,
        "status": record.status.value,
        "facts": facts_of(record, life.until),
        "advice": advice(record, life),
        "timeline": timeline(record, life.until),
        "metrics": list(metric_charts(record, folder, life.until)),
        "utilization": list(utilization_charts(record, samples, life.until)),
        "throughput": list(throughput_charts(record, samples, life.until)),
        "channels": list(channel_rows(record)),
        "artifacts": artifacts(record) if not life.is_running else [],
    }
    # A job of very many values is looked at less often: it has the machine for its own work.
    took = time.monotonic() - began
    return {**values, "pause": max(_LEAST_SECONDS, math.ceil(took / _SHARE))}
