"""Tags of jobs and algorithms. Source: AddTags, ListTags, DeleteTags.

They are kept by ARN, which has a name in lower case. Names that differ in case alone are one name
to the service here; where ``sm-container run`` has made two such jobs in the same home, they have
their tags in common.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from sm_container.harness.request.rules import tags as duplicate_keys
from sm_container.service.account import Account
from sm_container.service.errors import declared, invalid
from sm_container.service.operations import Members
from sm_container.service.sagemaker import algorithm_store
from sm_container.service.sagemaker.listing import page_of
from sm_container.service.sagemaker.names import ALGORITHM, TRAINING_JOB, algorithm_arn, job_arn

LIMIT = 50


def add(account: Account, members: Members) -> Members:
    """Add tags, or change those of the same keys; the answer has all."""
    arn = _require(account, members["ResourceArn"])
    given = members["Tags"]
    tags = {each["Key"]: each["Value"] for each in given}
    if len(tags) < len(given):
        raise invalid("; ".join(duplicate_keys(members)))
    with account.database.changing() as connection:
        _put(connection, arn, tags)
    return {"Tags": _listed(account, arn)}


def list_tags(account: Account, members: Members) -> Members:
    arn = _require(account, members["ResourceArn"])
    listed = _listed(account, arn)
    page = page_of("Tags", listed, members, lambda tag: tag["Key"], lambda tag: tag["Key"], LIMIT)
    return {"Tags": list(page.items), **page.next_token()}


def delete(account: Account, members: Members) -> Members:
    """Take tags away; a key that is not there is no fault."""
    arn = _require(account, members["ResourceArn"])
    with account.database.changing() as connection:
        connection.executemany(
            "DELETE FROM tags WHERE arn = ? AND key = ?", [(arn, key) for key in members["TagKeys"]]
        )
    return {}


def begin(account: Account, arn: str, tags: Mapping[str, str]) -> None:
    """Keep the tags of what is being made, in the place of any that its name had before."""
    with account.database.changing() as connection:
        connection.execute("DELETE FROM tags WHERE arn = ?", (arn,))
        _put(connection, arn, tags)


def _put(connection: sqlite3.Connection, arn: str, tags: Mapping[str, str]) -> None:
    """Raises ServiceError where they would be more than a resource may have."""
    connection.executemany(
        "INSERT OR REPLACE INTO tags VALUES (?, ?, ?)",
        [(arn, key, value) for key, value in tags.items()],
    )
    query = "SELECT count(*) FROM tags WHERE arn = ?"
    [count] = connection.execute(query, (arn,)).fetchone()
    if count > LIMIT:
        raise declared(
            "ResourceLimitExceeded", f"A resource has at most {LIMIT} tags, and {arn} had {count}"
        )


def forget(account: Account, arn: str) -> None:
    """Take the tags of what was deleted away."""
    with account.database.changing() as connection:
        connection.execute("DELETE FROM tags WHERE arn = ?", (arn,))


def _listed(account: Account, arn: str) -> list[Members]:
    with account.database.reading() as connection:
        rows = connection.execute("SELECT key, value FROM tags WHERE arn = ? ORDER BY key", (arn,))
        return [{"Key": row["key"], "Value": row["value"]} for row in rows]


def _require(account: Account, arn: str) -> str:
    """The ARN of something that is there, as it is kept.

    Raises:
        ServiceError: where there is no such thing.
    """
    kind, _, name = arn.rpartition(":")[2].partition("/")
    is_job = kind == TRAINING_JOB and arn == job_arn(account, name)
    if is_job and any(each.name.lower() == name for each in account.store.summaries()):
        return arn
    is_algorithm = kind == ALGORITHM and arn == algorithm_arn(account, name)
    if is_algorithm and algorithm_store.exists(account, name):
        return arn
    raise invalid(f"The resource {arn} does not exist.")
