"""What is known of an algorithm: from its declaration, or from its CreateAlgorithm document."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sm_container.algorithm.algorithm import Algorithm
from sm_container.contract.inputs import InputMode
from sm_container.contract.metrics import MetricDefinition
from sm_container.declaration.document import create_algorithm_document
from sm_container.declaration.specification import ChannelSpecification, Specification
from sm_container.harness.request.algorithm import load_algorithm

Declared = Algorithm[Any] | Mapping[str, Any] | str | os.PathLike[str]
"""An Algorithm, its CreateAlgorithm document, the path of that, or of the .py that declares it."""


def specification_of(declared: Declared) -> Specification | None:
    """What an algorithm says that it supports; None where it declares no channels, for then any
    are accepted.

    Raises:
        ContractError, DocumentError: for a document that is not an algorithm's.
    """
    if isinstance(declared, Algorithm):
        declaration = declared.declaration
        if not declaration.channels:
            return None
        return Specification.from_document(create_algorithm_document(declaration))
    if isinstance(declared, Mapping):
        return Specification.from_document(declared)
    path = Path(declared)
    return Specification.from_document(load_algorithm(path), path)


def metrics_of(declared: Declared) -> tuple[MetricDefinition, ...]:
    """The metrics that an algorithm reports. Raises as ``specification_of``."""
    if isinstance(declared, Algorithm):
        return declared.declaration.metric_definitions
    specification = specification_of(declared)
    return () if specification is None else specification.metric_definitions


def default_mode(channel: ChannelSpecification) -> str:
    """The mode of a channel where a test names none: File, or the first of those that it has."""
    modes = channel.input_modes
    return InputMode.FILE.value if InputMode.FILE.value in modes else modes[0]
