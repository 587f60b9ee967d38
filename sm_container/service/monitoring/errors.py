"""The errors of CloudWatch. Source: API reference, each operation's "Errors"; "Common Errors"."""

from __future__ import annotations

from sm_container.service.errors import ServiceError

VALIDATION_ERROR = "ValidationError"

SHAPES = {
    "InvalidParameterValue": "InvalidParameterValueException",
    "InvalidParameterCombination": "InvalidParameterCombinationException",
    "MissingParameter": "MissingRequiredParameterException",
}
"""Errors have two names where the protocol of old and the new ones differ: the code, the shape."""


def invalid_value(message: str) -> ServiceError:
    return ServiceError("InvalidParameterValue", message)


def invalid_combination(message: str) -> ServiceError:
    return ServiceError("InvalidParameterCombination", message)


def missing(message: str) -> ServiceError:
    return ServiceError("MissingParameter", message)


def validation(message: str) -> ServiceError:
    return ServiceError(VALIDATION_ERROR, message)


def invalid_token() -> ServiceError:
    return ServiceError("InvalidNextToken", "The next token specified is invalid.")
