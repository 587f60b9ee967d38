"""Training jobs: made, described, listed, stopped, updated, deleted.

Source: CreateTrainingJob, DescribeTrainingJob, ListTrainingJobs, StopTrainingJob,
UpdateTrainingJob, DeleteTrainingJob.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import replace

from sm_container.harness.credentials.choice import CredentialsError
from sm_container.harness.describe import describe
from sm_container.harness.engines.engine import EngineError
from sm_container.harness.inputs.errors import Answer, InputError
from sm_container.harness.job.options import RunOptions
from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import JobStatus, Phase
from sm_container.harness.life.launch import make_job
from sm_container.harness.life.prepare import prepare
from sm_container.harness.life.removal import remove_ended
from sm_container.harness.request.errors import RequestError
from sm_container.harness.request.extensions import NONE
from sm_container.harness.request.model import ROOT as CREATE_TRAINING_JOB
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
from sm_container.service.queue import NoMoreJobsError
from sm_container.service.sagemaker import algorithm_store, tags
from sm_container.service.sagemaker.by_algorithm import settled
from sm_container.service.sagemaker.listing import page_of
from sm_container.service.sagemaker.names import job_arn
from sm_container.storage.errors import StorageError

_NOT_FOUND = "Requested resource not found."
_OWN = "SmContainer"


def create(account: Account, members: Members, *, validates: bool = False) -> Members:
    """Make a job, which begins at once where there is room for it.

    What the service would find out before it answers is found out here; what it finds out later
    makes the job fail. ``validates`` is for the job that validates an algorithm, which is not to be
    used for others yet.
    """
    members, image = settled(account, members, validates=validates)
    try:
        request = parse_request(members, model=account.model(CREATE_TRAINING_JOB), extensions=NONE)
    except RequestError as fault:
        raise invalid(str(fault)) from fault
    # As it was written: a path that the request makes absolute is one of this process.
    named = image or members["AlgorithmSpecification"]["TrainingImage"]
    options = account.settings.options
    target = target_of(named, account.settings.images, options.engine)
    if not account.queue.takes_jobs:
        raise _ending()
    options = replace(options, target=target)
    not_simulated = _checked(account, request, options)

    def make(phase: Phase) -> tuple[JobFolder, Ownership]:
        _require_free(account, request.name)
        made = make_job(account.home, request, options, not_simulated, phase)
        _begin_tables(account, *made, request.tags)
        return made

    try:
        folder = account.queue.admit(make)
    except JobExistsError as fault:
        raise declared("ResourceInUse", fault.sentence) from fault
    except NoMoreJobsError:
        raise _ending() from None
    return {"TrainingJobArn": job_arn(account, folder.name)}


def _ending() -> ServiceError:
    return ServiceError("ServiceUnavailable", "The service takes no more jobs: it is ending", 503)


def _checked(account: Account, request: TrainingRequest, options: RunOptions) -> tuple[str, ...]:
    """What of a job will not be simulated; a job that lacks its data is made, and fails.

    Raises:
        ServiceError: where the job cannot be run here.
    """
    try:
        return prepare(account.home, request, options, account.tell).not_simulated
    except InputError as fault:
        if any(each.answer is Answer.REFUSED for each in fault.faults):
            raise invalid(_words(fault)) from fault
        return request.not_simulated
    except (RequestError, CredentialsError, EngineError, StorageError) as fault:
        raise invalid(str(fault)) from fault


def _words(fault: InputError) -> str:
    """The service's sentence as it stands; with their channels where there are several."""
    if len(fault.faults) > 1:
        return str(fault)
    [only] = fault.faults
    return str(only).removeprefix(f"channel {only.channel!r}: ")


def _require_free(account: Account, name: str) -> None:
    """Raises JobExistsError where a job's name is taken in whatever case: the two would have the
    same ARN. Source: CreateHyperParameterTuningJob, "The name is not case sensitive"; that it is so
    for training jobs is inferred from their ARNs."""
    if any(each.name.lower() == name.lower() for each in account.store.summaries()):
        raise JobExistsError(name, job_arn(account, name))


def _begin_tables(
    account: Account, folder: JobFolder, ownership: Ownership, given: Mapping[str, str]
) -> None:
    """Keep a new job's tags, and nothing of an earlier job of its name. Where that cannot be, there
    is no job."""
    try:
        tags.begin(account, job_arn(account, folder.name), given)
        _forget_updates(account, folder.name)
    except BaseException:
        ownership.release()
        account.store.remove(folder)
        raise


def describe_job(account: Account, members: Members) -> Members:
    """Everything the service shows of a job."""
    folder, record = _found(account, members["TrainingJobName"])
    described = {name: value for name, value in describe(record).items() if name != _OWN}
    with account.database.reading() as connection:
        return _updated(described, _updates(connection, folder.name))


def list_jobs(account: Account, members: Members) -> Members:
    """The jobs that suit every filter. As in the service, a page is cut before StatusEquals."""
    jobs = [each for each in account.store.summaries() if _suits(account, each, members)]
    sort = _SORTS[members.get("SortBy", "CreationTime")]
    page = page_of("TrainingJobs", jobs, members, lambda job: job.name, sort)
    wanted = members.get("StatusEquals")
    shown = [each for each in page.items if wanted is None or each.status == wanted]
    return {"TrainingJobSummaries": list(_summaries(account, shown)), **page.next_token()}


def stop(account: Account, members: Members) -> Members:
    """Ask a job to end: SIGTERM, and SIGKILL 120 seconds later. Stopping a job that is stopping is
    no error."""
    folder, record = _found(account, members["TrainingJobName"])
    if record.status.is_terminal:
        raise _rejected(record)
    try:
        folder.stop_request.touch()
    except FileNotFoundError:  # it has ended and was deleted since
        raise invalid(_NOT_FOUND) from None
    return {}


def update(account: Account, members: Members) -> Members:
    """Change what can be changed of a job that runs; as here none of it has an effect on a running
    job, it is kept, and shown by DescribeTrainingJob."""
    folder, record = _found(account, members.pop("TrainingJobName"))
    if record.status is not JobStatus.IN_PROGRESS:
        raise _rejected(record)
    with account.database.changing() as connection:
        changed = _updated(_updates(connection, folder.name), members)
        connection.execute(
            "INSERT OR REPLACE INTO updates VALUES (?, ?)", (folder.name, json.dumps(changed))
        )
    return {"TrainingJobArn": record.arn}


def delete(account: Account, members: Members) -> Members:
    """Delete a job that has ended; what it has left in S3 stays."""
    folder, record = _found(account, members["TrainingJobName"])
    if not record.status.is_terminal:
        raise _rejected(record)
    algorithm_store.settle(account, folder.name)
    try:
        remove_ended(account.store, folder, account.tell)
    except OwnedElsewhereError as fault:
        raise declared("ResourceInUse", f"{fault}; try again") from fault
    except FileNotFoundError:  # another request was quicker
        raise invalid(_NOT_FOUND) from None
    except (EngineError, PermissionError) as fault:
        raise ServiceError("InternalFailure", str(fault), 500) from fault
    _forget_updates(account, folder.name)
    if not any(each.name.lower() == folder.name.lower() for each in account.store.summaries()):
        tags.forget(account, job_arn(account, folder.name))
    return {}


def _forget_updates(account: Account, name: str) -> None:
    with account.database.changing() as connection:
        connection.execute("DELETE FROM updates WHERE job = ?", (name,))


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


def _updates(connection: sqlite3.Connection, name: str) -> Members:
    row = connection.execute("SELECT document FROM updates WHERE job = ?", (name,)).fetchone()
    changed: Members = {} if row is None else json.loads(row["document"])
    return changed


def _updated(members: Members, changed: Members) -> Members:
    """Members with others in their place; of a structure, those that are given."""
    merged = {
        name: {**members[name], **value}
        if isinstance(value, dict) and isinstance(members.get(name), dict)
        else value
        for name, value in changed.items()
    }
    return members | merged


_SORTS = {
    "Name": lambda job: job.name,
    "CreationTime": lambda job: job.created,
    "Status": lambda job: job.status,
}
_ALL_STATUSES = frozenset(each.value for each in JobStatus)


def _suits(account: Account, job: Summary, members: Members) -> bool:
    """Whether a job passes the filters but StatusEquals."""
    return (
        job.status in _ALL_STATUSES
        and members.get("NameContains", "") in job.name
        and job.created > members.get("CreationTimeAfter", float("-inf"))
        and job.created < members.get("CreationTimeBefore", float("inf"))
        and job.modified > members.get("LastModifiedTimeAfter", float("-inf"))
        and job.modified < members.get("LastModifiedTimeBefore", float("inf"))
        and "WarmPoolStatusEquals" not in members  # there are no warm pools here
        and _suits_plan(account, job, members.get("TrainingPlanArnEquals"))
    )


def _suits_plan(account: Account, job: Summary, plan: str | None) -> bool:
    if plan is None:
        return True
    try:
        document = JobFolder(account.home.jobs / job.name).read().document
    except DamagedJobError:
        return False  # deleted since it was listed
    given: object = document.get("ResourceConfig", {}).get("TrainingPlanArn")
    return given == plan


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
