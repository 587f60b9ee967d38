"""The validation of an algorithm: its profile's training job, run like any other.

Source: CreateAlgorithm, ValidationSpecification; developer guide, "Create an Algorithm Resource".
"""

from __future__ import annotations

import uuid
from dataclasses import replace

from sm_container.service.account import Account
from sm_container.service.errors import ServiceError
from sm_container.service.operations import Members
from sm_container.service.sagemaker import training_jobs
from sm_container.service.sagemaker.algorithm_store import (
    Algorithm,
    AlgorithmStatus,
    Validation,
    every,
    save,
)

_WORD = "-validation-"
_NAME_LIMIT = 63
_STAMP = 8


def validation_of(document: Members) -> Validation | None:
    """The validation that a CreateAlgorithm request asks for, with the name of its training job."""
    if "ValidationSpecification" not in document:
        return None
    [profile] = document["ValidationSpecification"]["ValidationProfiles"]
    room = _NAME_LIMIT - len(_WORD) - _STAMP
    name = document["AlgorithmName"][:room].rstrip("-")
    return Validation(profile["ProfileName"], f"{name}{_WORD}{uuid.uuid4().hex[:_STAMP]}")


def begin(account: Account, algorithm: Algorithm) -> None:
    """Make the training job that validates an algorithm. Where it is refused, the algorithm has
    failed; where this service takes no more jobs, the next one makes it."""
    validation = algorithm.validation
    assert validation is not None
    try:
        training_jobs.create(account, _request(algorithm, validation.job), validates=True)
    except ServiceError as fault:
        if fault.status >= 500:
            account.tell(f"{algorithm.name} is validated after the next start: {fault.message}")
            return
        if fault.code != "ResourceInUse":  # an earlier service made it, and could not note that
            reason = f"ClientError: {fault.message}"
            failed = replace(validation, failure_reason=reason)
            save(account, replace(algorithm, status=AlgorithmStatus.FAILED, validation=failed))
            account.tell(f"{algorithm.name} is not valid: {reason}")
            return
    save(account, replace(algorithm, validation=replace(validation, is_made=True)))


def resume(account: Account) -> None:
    """Begin the validations that an earlier service could not begin, and settle those that have
    ended since."""
    for algorithm in every(account):
        validation = algorithm.validation
        if validation is not None and not validation.is_made and not algorithm.status.is_terminal:
            begin(account, algorithm)


def _request(algorithm: Algorithm, job: str) -> Members:
    """The CreateTrainingJob request of a profile. Source: TrainingJobDefinition."""
    specification = algorithm.document["ValidationSpecification"]
    [profile] = specification["ValidationProfiles"]
    definition = dict(profile["TrainingJobDefinition"])
    return {
        "TrainingJobName": job,
        "AlgorithmSpecification": {
            "AlgorithmName": algorithm.name,
            "TrainingInputMode": definition.pop("TrainingInputMode"),
        },
        "RoleArn": specification["ValidationRole"],
        **definition,
    }
