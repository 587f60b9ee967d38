"""Algorithms: made, described, listed, deleted.

Source: CreateAlgorithm, DescribeAlgorithm, ListAlgorithms, DeleteAlgorithm.
"""

from __future__ import annotations

import time
from datetime import datetime, timezone

from sm_container.harness.request.errors import RequestError
from sm_container.service.account import Account
from sm_container.service.errors import ServiceError, invalid
from sm_container.service.images import digest_of, target_of
from sm_container.service.operations import Members
from sm_container.service.sagemaker import tags, validating
from sm_container.service.sagemaker.algorithm_rules import faults, not_simulated
from sm_container.service.sagemaker.algorithm_store import (
    Algorithm,
    AlgorithmStatus,
    add,
    every,
    find,
    remove,
)
from sm_container.service.sagemaker.listing import page_of
from sm_container.service.sagemaker.names import algorithm_arn


def create(account: Account, members: Members) -> Members:
    """Make an algorithm, and begin its validation where one is specified: it can be used once that
    is completed, and at once without one."""
    found = tuple(faults(members))
    if found:
        raise invalid(str(RequestError(found)))
    if "ValidationSpecification" in members and not account.queue.takes_jobs:
        raise ServiceError(
            "ServiceUnavailable", "The service takes no more jobs: it is ending", 503
        )
    given = {each["Key"]: each["Value"] for each in members.pop("Tags", ())}
    _add_digest(account, members["TrainingSpecification"])
    validation = validating.validation_of(members)
    status = AlgorithmStatus.COMPLETED if validation is None else AlgorithmStatus.PENDING
    algorithm = Algorithm(members["AlgorithmName"], members, time.time(), status, validation)
    add(account, algorithm)
    arn = algorithm_arn(account, algorithm.name)
    tags.begin(account, arn, given)
    for line in not_simulated(members):
        account.tell(f"{algorithm.name}: not simulated: {line}")
    if validation is not None:
        validating.begin(account, algorithm)
    return {"AlgorithmArn": arn}


def describe(account: Account, members: Members) -> Members:
    """Everything the service shows of an algorithm, found by its name or its ARN."""
    algorithm = find(account, members["AlgorithmName"])
    return {
        **algorithm.document,
        **_summary(account, algorithm),
        "AlgorithmStatusDetails": algorithm.details,
    }


def list_algorithms(account: Account, members: Members) -> Members:
    """The algorithms that suit every filter."""
    algorithms = [each for each in every(account) if _suits(each, members)]
    sort = _SORTS[members.get("SortBy", "CreationTime")]
    page = page_of("Algorithms", algorithms, members, lambda each: each.name, sort)
    return {
        "AlgorithmSummaryList": [_summary(account, each) for each in page.items],
        **page.next_token(),
    }


def delete(account: Account, members: Members) -> Members:
    """Delete an algorithm; the training jobs that it was used for stay."""
    algorithm = find(account, members["AlgorithmName"])
    remove(account, algorithm)
    tags.forget(account, algorithm_arn(account, algorithm.name))
    return {}


def _add_digest(account: Account, specification: Members) -> None:
    """The digest of the image that would run now, unless the request has one; a program has none.

    Raises:
        ServiceError: where nothing on this machine runs for the image.
    """
    settings = account.settings
    target = target_of(specification["TrainingImage"], settings.images, settings.options.engine)
    digest = digest_of(target, settings.options.engine)
    if digest is not None:
        specification.setdefault("TrainingImageDigest", digest)


def _summary(account: Account, algorithm: Algorithm) -> Members:
    summary = {
        "AlgorithmName": algorithm.name,
        "AlgorithmArn": algorithm_arn(account, algorithm.name),
        "CreationTime": datetime.fromtimestamp(algorithm.created, timezone.utc),
        "AlgorithmStatus": algorithm.status.value,
    }
    if "AlgorithmDescription" in algorithm.document:
        summary["AlgorithmDescription"] = algorithm.document["AlgorithmDescription"]
    return summary


_SORTS = {
    "Name": lambda algorithm: algorithm.name,
    "CreationTime": lambda algorithm: algorithm.created,
}


def _suits(algorithm: Algorithm, members: Members) -> bool:
    return (
        members.get("NameContains", "") in algorithm.name
        and algorithm.created > members.get("CreationTimeAfter", float("-inf"))
        and algorithm.created < members.get("CreationTimeBefore", float("inf"))
    )
