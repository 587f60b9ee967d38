"""A training job by AlgorithmName: held against the algorithm's specification, run in its image.

Whether the service gives the job the defaults of hyperparameters that a request leaves out is not
documented, and the SageMaker SDK sends them itself. Here they are not added: a program that reads
its own defaults works in either case, and one that counts on the service fails here, where it can
be seen.

Source: CreateTrainingJob, AlgorithmSpecification, AlgorithmName; CreateAlgorithm,
TrainingSpecification.
"""

from __future__ import annotations

import copy

from sm_container.declaration.specification import Specification, check
from sm_container.harness.request import constraints, rules
from sm_container.harness.request.errors import RequestError
from sm_container.harness.request.extensions import NONE
from sm_container.harness.request.for_algorithm import add_metrics
from sm_container.harness.request.model import ROOT
from sm_container.service.account import Account
from sm_container.service.errors import invalid
from sm_container.service.operations import Members
from sm_container.service.sagemaker.algorithm_store import AlgorithmStatus, find


def settled(account: Account, members: Members, *, validates: bool) -> tuple[Members, str | None]:
    """The request with what its algorithm adds to it, and the algorithm's image; as it is, and
    None, for a request that names an image. ``validates`` is for the job that finds out whether the
    algorithm can be used at all.

    Raises:
        ServiceError: where there is no such algorithm, or it does not support what is asked for.
    """
    algorithm = members.get("AlgorithmSpecification")
    named = algorithm.get("AlgorithmName") if isinstance(algorithm, dict) else None
    if not isinstance(named, str) or "TrainingImage" in members["AlgorithmSpecification"]:
        return members, None  # any fault is for the request's own checks to say
    checked = constraints.check(account.model(ROOT), members, rules.requirements(members), NONE)
    if checked.faults:  # the service looks for nothing before these are mended
        raise invalid(str(RequestError(checked.faults, constraints=len(checked.faults))))
    found = find(account, named)
    if not validates and found.status is not AlgorithmStatus.COMPLETED:
        raise invalid(
            f"Algorithm {named} cannot be used for training: its status is {found.status.value}"
        )
    specification = Specification.from_document(found.document)
    faults = tuple(check(specification, checked.document))
    if faults:
        raise invalid(str(RequestError(faults)))
    document = copy.deepcopy(members)
    add_metrics(document, specification)
    return document, specification.image
