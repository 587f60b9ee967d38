"""``hyperparameters.json``: a map from strings to strings; no type survives the service.

Source: CreateTrainingJob, HyperParameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sm_container.contract.document import read_document, write_document
from sm_container.contract.errors import ContractError


def read(path: Path) -> dict[str, str]:
    """Read the map; raises ContractError naming every entry that is not a string."""
    document = read_document(path)
    if not isinstance(document, dict):
        raise ContractError(path, "is not a JSON object", "write an object of strings, {} for none")
    faulty = [name for name, value in document.items() if not isinstance(value, str)]
    if faulty:
        raise ContractError(
            path,
            f"the values of {', '.join(map(repr, faulty))} are not strings",
            'the service sends every value as a string: write "5", not 5',
        )
    return document


def write(path: Path, hyperparameters: Mapping[str, str]) -> None:
    """Write the map as the service does."""
    write_document(path, dict(hyperparameters))
