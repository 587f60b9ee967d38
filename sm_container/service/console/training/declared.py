"""What an algorithm declares, as far as the form is made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sm_container.contract.errors import ContractError
from sm_container.declaration.specification import HyperparameterSpecification, Specification
from sm_container.service.errors import invalid
from sm_container.service.sagemaker.algorithm_store import Algorithm, AlgorithmStatus


@dataclass(frozen=True)
class Declared:
    """An algorithm's specification, and the descriptions of its hyperparameters and channels."""

    name: str
    specification: Specification
    hyperparameters: Mapping[str, str]
    channels: Mapping[str, str]

    def hint(self, hyperparameter: HyperparameterSpecification) -> str:
        """Its type, its range and what it is for, in a line."""
        said = kind_of(hyperparameter)
        description = self.hyperparameters.get(hyperparameter.name, "")
        return f"{said}. {description}" if description else f"{said}."


def declared_by(algorithm: Algorithm) -> Declared:
    """What is needed of an algorithm that can be trained.

    Raises:
        ServiceError: for one that cannot.
    """
    if algorithm.status is not AlgorithmStatus.COMPLETED:
        raise invalid(
            f"Algorithm {algorithm.name} cannot be used for training: its status is "
            f"{algorithm.status.value}"
        )
    return Declared(
        algorithm.name,
        specification_of(algorithm),
        _descriptions(algorithm, "SupportedHyperParameters"),
        _descriptions(algorithm, "TrainingChannels"),
    )


def specification_of(algorithm: Algorithm) -> Specification:
    """Raises ServiceError where the document is not what an algorithm's must be."""
    try:
        return Specification.from_document(algorithm.document)
    except ContractError as fault:
        raise invalid(f"The specification of {algorithm.name} cannot be read: {fault}") from fault


def kind_of(hyperparameter: HyperparameterSpecification) -> str:
    """``Integer, 1 to 9``, ``Categorical, one of a, b``, ``FreeText``."""
    if hyperparameter.ends:
        low, high = hyperparameter.ends
        return f"{hyperparameter.type}, {low} to {high}"
    if hyperparameter.values:
        return f"{hyperparameter.type}, one of {', '.join(hyperparameter.values)}"
    return hyperparameter.type


def _descriptions(algorithm: Algorithm, member: str) -> Mapping[str, str]:
    listed: list[dict[str, Any]] = algorithm.document["TrainingSpecification"].get(member) or []
    return {each["Name"]: each.get("Description", "") for each in listed}
