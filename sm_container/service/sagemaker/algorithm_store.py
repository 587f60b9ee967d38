"""The account's algorithms, as they were made, and how far the validation of each has come.

An algorithm's status is looked up in its validation job's record whenever somebody asks, and kept
once that job has ended: nothing has to watch it, and a service that ends loses nothing.

Source: CreateAlgorithm, DescribeAlgorithm.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, replace
from enum import Enum

from sm_container.harness.job.record import JobRecord
from sm_container.harness.job.status import JobStatus, Phase
from sm_container.harness.store.folder import DamagedJobError
from sm_container.harness.store.jobs import UnknownJobError
from sm_container.service.account import Account
from sm_container.service.errors import ServiceError, declared, invalid
from sm_container.service.operations import Members
from sm_container.service.sagemaker.names import algorithm_arn, name_of


class AlgorithmStatus(str, Enum):
    """Source: DescribeAlgorithm, AlgorithmStatus."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"
    FAILED = "Failed"

    @property
    def is_terminal(self) -> bool:
        return self in (AlgorithmStatus.COMPLETED, AlgorithmStatus.FAILED)


@dataclass(frozen=True)
class Validation:
    """What validates an algorithm: a training job of its own, and why it failed where it did.

    ``is_made`` tells a job that is not there yet from one that is there no more.
    """

    profile: str
    job: str
    is_made: bool = False
    failure_reason: str | None = None


@dataclass(frozen=True)
class Algorithm:
    """One algorithm: the CreateAlgorithm request as accepted, when it was made in epoch seconds,
    and its validation; None where none was asked for."""

    name: str
    document: Members
    created: float
    status: AlgorithmStatus
    validation: Validation | None = None

    @property
    def details(self) -> Members:
        """AlgorithmStatusDetails; images are not scanned here. Source: AlgorithmStatusItem."""
        statuses = []
        if self.validation is not None:
            item = {"Name": self.validation.profile, "Status": _DETAILED[self.status]}
            if self.validation.failure_reason is not None:
                item["FailureReason"] = self.validation.failure_reason
            statuses.append(item)
        return {"ValidationStatuses": statuses, "ImageScanStatuses": []}


_OWN = "SmContainer"
_DETAILED = {
    AlgorithmStatus.PENDING: "NotStarted",
    AlgorithmStatus.IN_PROGRESS: "InProgress",
    AlgorithmStatus.COMPLETED: "Completed",
    AlgorithmStatus.FAILED: "Failed",
}


def add(account: Account, algorithm: Algorithm) -> None:
    """Keep an algorithm. Names that differ in case alone are one, as their ARNs are.

    Raises:
        ServiceError: where the name is taken.
    """
    with account.database.changing() as connection:
        if _row(connection, algorithm.name) is not None:
            arn = algorithm_arn(account, algorithm.name)
            raise invalid(
                "Algorithm names must be unique within an AWS account and region, and an algorithm "
                f"with this name already exists ({arn})"
            )
        connection.execute(
            "INSERT INTO algorithms VALUES (?, ?, ?, ?, ?)",
            (
                algorithm.name,
                json.dumps(algorithm.document),
                algorithm.created,
                algorithm.status.value,
                _kept(algorithm),
            ),
        )


def exists(account: Account, name: str) -> bool:
    with account.database.reading() as connection:
        return _row(connection, name) is not None


def find(account: Account, arn_or_name: str) -> Algorithm:
    """An algorithm by its ARN or name.

    Raises:
        ServiceError: in the service's words, where there is none.
    """
    with account.database.reading() as connection:
        row = _row(connection, name_of(arn_or_name))
    own = row is not None and arn_or_name in (row["name"], algorithm_arn(account, row["name"]))
    if row is None or not own:
        arn = arn_or_name if ":" in arn_or_name else algorithm_arn(account, arn_or_name)
        raise invalid(f"Algorithm {arn} does not exist.")
    return _looked_at(account, _algorithm(row))


def every(account: Account) -> list[Algorithm]:
    with account.database.reading() as connection:
        rows = connection.execute("SELECT * FROM algorithms").fetchall()
    return [_looked_at(account, _algorithm(row)) for row in rows]


def remove(account: Account, algorithm: Algorithm) -> None:
    """Delete an algorithm.

    Raises:
        ServiceError: a ConflictException while its validation goes on. Source: DeleteAlgorithm.
    """
    if not algorithm.status.is_terminal:
        raise _rejected(algorithm)
    with account.database.changing() as connection:
        connection.execute(
            "DELETE FROM algorithms WHERE name = ? AND created = ?",
            (algorithm.name, algorithm.created),
        )


def save(account: Account, algorithm: Algorithm) -> Algorithm:
    """Keep how far an algorithm has come, unless it has ended or was deleted meanwhile."""
    with account.database.changing() as connection:
        connection.execute(
            "UPDATE algorithms SET status = ?, details = ? WHERE name = ? AND created = ? "
            "AND status NOT IN ('Completed', 'Failed')",
            (
                algorithm.status.value,
                _kept(algorithm),
                algorithm.name,
                algorithm.created,
            ),
        )
    return algorithm


def settle(account: Account, job: str) -> None:
    """Keep what a job, which is about to be deleted, says of the algorithm that it validates."""
    with account.database.reading() as connection:
        rows = connection.execute("SELECT * FROM algorithms").fetchall()
    for algorithm in map(_algorithm, rows):
        if algorithm.validation is not None and algorithm.validation.job == job:
            _looked_at(account, algorithm)


def _looked_at(account: Account, algorithm: Algorithm) -> Algorithm:
    """The algorithm as its validation job stands now."""
    validation = algorithm.validation
    if algorithm.status.is_terminal or validation is None:
        return algorithm
    try:
        record = account.store.find(validation.job).read()
    except (UnknownJobError, DamagedJobError):
        if not validation.is_made:
            return algorithm
        reason: str | None = (
            f"ClientError: Training job {validation.job} was deleted before it was known how it "
            "had ended"
        )
        status = AlgorithmStatus.FAILED
    else:
        status, reason = _status_by(record), _reason_in(record)
    found = replace(algorithm, status=status, validation=replace(validation, failure_reason=reason))
    return save(account, found) if status.is_terminal else found


def _status_by(record: JobRecord) -> AlgorithmStatus:
    if record.phase is Phase.PENDING:
        return AlgorithmStatus.PENDING
    if not record.status.is_terminal:
        return AlgorithmStatus.IN_PROGRESS
    completed = record.status is JobStatus.COMPLETED
    return AlgorithmStatus.COMPLETED if completed else AlgorithmStatus.FAILED


def _reason_in(record: JobRecord) -> str | None:
    if record.failure_reason is None and record.status is JobStatus.STOPPED:
        return (
            f"ClientError: Training job {record.name} ended with "
            f"{record.secondary_status.value} and not with Completed"
        )
    return record.failure_reason


def _rejected(algorithm: Algorithm) -> ServiceError:
    return declared(
        "ConflictException",
        f"The request was rejected because the algorithm is in status {algorithm.status.value}.",
    )


def _row(connection: sqlite3.Connection, name: str) -> sqlite3.Row | None:
    """By name in any case, since an ARN has it in lower case."""
    query = "SELECT * FROM algorithms WHERE lower(name) = ?"
    row: sqlite3.Row | None = connection.execute(query, (name.lower(),)).fetchone()
    return row


def _algorithm(row: sqlite3.Row) -> Algorithm:
    details: Members = json.loads(row["details"])
    return Algorithm(
        row["name"],
        json.loads(row["document"]),
        row["created"],
        AlgorithmStatus(row["status"]),
        next((_validation(each, details) for each in details.get("ValidationStatuses", ())), None),
    )


def _validation(item: Members, details: Members) -> Validation:
    own = details.get(_OWN, {})
    return Validation(
        item["Name"], own.get("Job", ""), own.get("IsMade", True), item.get("FailureReason")
    )


def _kept(algorithm: Algorithm) -> str:
    """AlgorithmStatusDetails, and what that has no place for."""
    own: Members = {}
    if algorithm.validation is not None:
        own = {"Job": algorithm.validation.job, "IsMade": algorithm.validation.is_made}
    return json.dumps({**algorithm.details, _OWN: own})
