"""Training jobs: made, described, listed, stopped, updated, deleted.

Source: CreateTrainingJob, DescribeTrainingJob, ListTrainingJobs, StopTrainingJob,
UpdateTrainingJob, DeleteTrainingJob.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from sm_container.harness.credentials.choice import CredentialsError
from sm_container.harness.describe import describe
from sm_container.harness.engines.engine import EngineError
from sm_container.harness.inputs.errors import Answer, InputError
from sm_container.harness.job.options import RunOptions
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import JobStatus
from sm_container.harness.life.launch import create_job, make_job
from sm_container.harness.life.prepare import prepare
from sm_container.harness.life.removal import remove_ended
from sm_container.harness.request.errors import RequestError
from sm_container.harness.request.extensions import NONE
from sm_container.harness.request.parse import parse_request
from sm_container.harness.request.training_request import TrainingRequest
from sm_container.harness.store.folder import DamagedJobError, JobFolder
from sm_container.harness.store.index import Summary
from sm_container.harness.store.jobs import JobExistsError, UnknownJobError
from sm_container.harness.store.ownership import OwnedElsewhereError, Ownership
from sm_container.service.account import Account
from sm_container.service.errors import ServiceError, declared, invalid
from sm_container.service.images import target_of
from sm_container.service.operations import Members
from sm_container.service.sagemaker import tags
from sm_container.service.sagemaker.by_algorithm import settled
from sm_container.service.sagemaker.listing import page_of
from sm_container.service.sagemaker.names import job_arn
from sm_container.storage.errors import StorageError

_NOT_FOUND = "Requested resource not found."
_OWN = "SmContainer"


def create(account: Account, members: Members) -> Members:
    """Make a job, which begins at once where there is room for it.

    What the service would find out before it answers is found out here; what it finds out later
    makes the job fail.
    """
    members, image = settled(account, members)
    try:
        request = parse_request(members, cache=account.home.cache, extensions=NONE)
    except RequestError as fault:
        raise invalid(str(fault)) from fault
    named = image or request.image
    assert named is not None  # a request has an image or an algorithm
    options = account.settings.options
    target = target_of(named, account.settings.images, options.engine)
    if not account.queue.takes_jobs:
        raise ServiceError(
            "ServiceUnavailable", "The service takes no more jobs: it is ending", 503
        )
    try:
        folder, ownership = _made(account, request, replace(options, target=target))
    except JobExistsError as fault:
        raise declared("ResourceInUse", fault.sentence) from fault
    arn = folder.read().arn
    tags.put(account, arn, request.tags)
    account.queue.put(folder, ownership)
    return {"TrainingJobArn": arn}


def _made(
    account: Account, request: TrainingRequest, options: RunOptions
) -> tuple[JobFolder, Ownership]:
    phase = account.queue.next_phase
    try:
        return create_job(prepare(account.home, request, options, account.tell), phase)
    except InputError as fault:
        if any(each.answer is Answer.REFUSED for each in fault.faults):
            raise invalid(str(fault)) from fault
        return make_job(account.home, request, options, request.not_simulated, phase)
    except (RequestError, CredentialsError, EngineError, StorageError) as fault:
        raise invalid(str(fault)) from fault


def describe_job(account: Account, members: Members) -> Members:
    """Everything the service shows of a job."""
    folder, record = _found(account, members["TrainingJobName"])
    return {
        name: value
        for name, value in (describe(record) | _updates(account, folder.name)).items()
        if name != _OWN
    }


def list_jobs(account: Account, members: Members) -> Members:
    """The jobs that suit every filter. As in the service, a page is cut before StatusEquals."""
    jobs = [each for each in account.store.summaries() if _suits(each, members)]
    page = page_of(
        jobs, members, lambda job: job.name, _SORTS[members.get("SortBy", "CreationTime")]
    )
    wanted = members.get("StatusEquals")
    shown = [each for each in page.items if wanted is None or each.status == wanted]
    return {"TrainingJobSummaries": list(_summaries(account, shown)), **page.tokens()}


def stop(account: Account, members: Members) -> Members:
    """Ask a job to end: SIGTERM, and SIGKILL 120 seconds later. Stopping a job that is stopping is
    no error."""
    folder, record = _found(account, members["TrainingJobName"])
    if record.status.is_terminal:
        raise _rejected(record)
    folder.stop_request.touch()
    return {}


def update(account: Account, members: Members) -> Members:
    """Change what can be changed of a job that runs; as here none of it has an effect on a running
    job, it is kept, and shown by DescribeTrainingJob."""
    folder, record = _found(account, members.pop("TrainingJobName"))
    if record.status is not JobStatus.IN_PROGRESS:
        raise _rejected(record)
    changed = {**_updates(account, folder.name), **members}
    with account.database.changing() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO updates VALUES (?, ?)", (folder.name, json.dumps(changed))
        )
    return {"TrainingJobArn": record.arn}


def delete(account: Account, members: Members) -> Members:
    """Delete a job that has ended; what it has left in S3 stays."""
    folder, record = _found(account, members["TrainingJobName"])
    if not record.status.is_terminal:
        raise _rejected(record)
    try:
        remove_ended(account.store, folder, account.tell)
    except OwnedElsewhereError as fault:
        raise declared("ResourceInUse", f"{fault}; try again") from fault
    except (EngineError, PermissionError) as fault:
        raise ServiceError("InternalFailure", str(fault), 500) from fault
    tags.forget(account, job_arn(account, folder.name))
    with account.database.changing() as connection:
        connection.execute("DELETE FROM updates WHERE job = ?", (folder.name,))
    return {}


def _found(account: Account, name: str) -> tuple[JobFolder, JobRecord]:
    """Raises ServiceError, a ValidationException as the service's, where there is no such job."""
    try:
        folder = account.store.find(name)
        return folder, folder.read()
    except (UnknownJobError, DamagedJobError):
        raise invalid(_NOT_FOUND) from None


def _rejected(record: JobRecord) -> ServiceError:
    return invalid(
        f"The request was rejected because the training job is in status {record.status.value}."
    )


def _updates(account: Account, name: str) -> Members:
    with account.database.reading() as connection:
        row = connection.execute("SELECT document FROM updates WHERE job = ?", (name,)).fetchone()
    changed: Members = {} if row is None else json.loads(row["document"])
    return changed


_SORTS = {
    "Name": lambda job: job.name,
    "CreationTime": lambda job: job.created,
    "Status": lambda job: job.status,
}
_ALL_STATUSES = frozenset(each.value for each in JobStatus)


def _suits(job: Summary, members: Members) -> bool:
    """Whether a job passes the filters but StatusEquals."""
    return (
        job.status in _ALL_STATUSES
        and members.get("NameContains", "") in job.name
        and job.created > members.get("CreationTimeAfter", float("-inf"))
        and job.created < members.get("CreationTimeBefore", float("inf"))
        and job.modified > members.get("LastModifiedTimeAfter", float("-inf"))
        and job.modified < members.get("LastModifiedTimeBefore", float("inf"))
    )


def _summaries(account: Account, jobs: list[Summary]) -> Iterator[Members]:
    for job in jobs:
        try:
            described = describe(JobFolder(account.home.jobs / job.name).read())
        except DamagedJobError:
            continue  # deleted since it was listed
        yield {name: described[name] for name in _SUMMARY if name in described}


_SUMMARY = (
    "TrainingJobName",
    "TrainingJobArn",
    "CreationTime",
    "TrainingEndTime",
    "LastModifiedTime",
    "TrainingJobStatus",
    "SecondaryStatus",
)
