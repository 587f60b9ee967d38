"""Stopping a job, and deleting one that has ended."""

from __future__ import annotations

from starlette.responses import Response

from sm_container.service.account import Account
from sm_container.service.console.answering import see_other
from sm_container.service.console.asked import Asked
from sm_container.service.console.found import found_job
from sm_container.service.sagemaker import training_jobs


def stop(account: Account, asked: Asked) -> Response:
    """As StopTrainingJob does; of a job that has ended meanwhile the page says so."""
    folder, record = found_job(account, asked)
    if not record.status.is_terminal:
        training_jobs.stop(account, {"TrainingJobName": folder.name})
    return see_other(f"/jobs/{folder.name}")


def delete(account: Account, asked: Asked) -> Response:
    """As DeleteTrainingJob does."""
    folder, _ = found_job(account, asked)
    training_jobs.delete(account, {"TrainingJobName": folder.name})
    return see_other("/")
