"""The account's algorithms, as they were made. Source: CreateAlgorithm, DescribeAlgorithm."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from enum import Enum

from sm_container.service.account import Account
from sm_container.service.errors import invalid
from sm_container.service.operations import Members
from sm_container.service.sagemaker.names import algorithm_arn, name_of


class AlgorithmStatus(str, Enum):
    """Source: DescribeAlgorithm, AlgorithmStatus."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"
    FAILED = "Failed"


@dataclass(frozen=True)
class Algorithm:
    """One algorithm: the CreateAlgorithm request as accepted, when it was made in epoch seconds,
    and AlgorithmStatusDetails."""

    name: str
    document: Members
    created: float
    status: AlgorithmStatus
    details: Members


def exists(account: Account, name: str) -> bool:
    return _row(account, name) is not None


def find(account: Account, arn_or_name: str) -> Algorithm:
    """An algorithm by its ARN or name.

    Raises:
        ServiceError: in the service's words, where there is none.
    """
    row = _row(account, name_of(arn_or_name))
    own = row is not None and arn_or_name in (row["name"], algorithm_arn(account, row["name"]))
    if row is None or not own:
        arn = arn_or_name if ":" in arn_or_name else algorithm_arn(account, arn_or_name)
        raise invalid(f"Algorithm {arn} does not exist.")
    return _algorithm(row)


def every(account: Account) -> list[Algorithm]:
    with account.database.reading() as connection:
        return [_algorithm(row) for row in connection.execute("SELECT * FROM algorithms")]


def _row(account: Account, name: str) -> sqlite3.Row | None:
    """By name in any case, since an ARN has it in lower case; names differ in more than that."""
    with account.database.reading() as connection:
        query = "SELECT * FROM algorithms WHERE lower(name) = ?"
        row: sqlite3.Row | None = connection.execute(query, (name.lower(),)).fetchone()
    return row


def _algorithm(row: sqlite3.Row) -> Algorithm:
    return Algorithm(
        row["name"],
        json.loads(row["document"]),
        row["created"],
        AlgorithmStatus(row["status"]),
        json.loads(row["details"]),
    )
