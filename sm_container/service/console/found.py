"""A job by the name in a page's path."""

from __future__ import annotations

from sm_container.harness.job.record import JobRecord
from sm_container.harness.store.folder import DamagedJobError, JobFolder
from sm_container.harness.store.jobs import UnknownJobError
from sm_container.service.account import Account
from sm_container.service.console.answering import not_found
from sm_container.service.console.asked import Asked


def found_job(account: Account, asked: Asked) -> tuple[JobFolder, JobRecord]:
    """The job's folder, and its record as last written.

    Raises:
        ServiceError: where there is none of that name, or its record cannot be read.
    """
    name = asked.path["name"]
    try:
        folder = account.store.find(name)
        return folder, folder.read()
    except UnknownJobError:
        raise not_found("There is no training job of that name: it may have been deleted") from None
    except DamagedJobError:
        raise not_found(
            f"The record of {name} cannot be read. Remove the job with: sm-container rm {name}"
        ) from None
