"""A training job by AlgorithmName: held against the algorithm's specification, run in its image.

Source: CreateTrainingJob, AlgorithmSpecification, AlgorithmName; CreateAlgorithm,
TrainingSpecification.
"""

from __future__ import annotations

import copy

from sm_container.declaration.specification import Specification
from sm_container.harness.request.for_algorithm import add_metrics, faults_against
from sm_container.service.account import Account
from sm_container.service.errors import invalid
from sm_container.service.operations import Members
from sm_container.service.sagemaker import algorithm_store


def settled(account: Account, members: Members) -> tuple[Members, str | None]:
    """The request with what its algorithm adds to it, and the algorithm's image; as it is, and
    None, for a request that names an image.

    Raises:
        ServiceError: where there is no such algorithm, or it does not support what is asked for.
    """
    algorithm = members.get("AlgorithmSpecification")
    named = algorithm.get("AlgorithmName") if isinstance(algorithm, dict) else None
    if not isinstance(named, str) or "TrainingImage" in members["AlgorithmSpecification"]:
        return members, None  # any fault is for the request's own checks to say
    found = algorithm_store.find(account, named)
    if found.status is not algorithm_store.AlgorithmStatus.COMPLETED:
        raise invalid(
            f"Algorithm {named} cannot be used for training: its status is {found.status.value}"
        )
    specification = Specification.from_document(found.document)
    faults = faults_against(specification, members, account.home.cache)
    if faults:
        raise invalid("; ".join(faults))
    document = copy.deepcopy(members)
    add_metrics(document, specification)
    return document, specification.image
