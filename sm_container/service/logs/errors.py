"""The errors of CloudWatch Logs. Source: API reference, each operation's "Errors"."""

from __future__ import annotations

from sm_container.service.errors import ServiceError

INVALID_PARAMETER = "InvalidParameterException"


def invalid_parameter(message: str) -> ServiceError:
    return ServiceError(INVALID_PARAMETER, message)


def invalid_token() -> ServiceError:
    return invalid_parameter("The specified nextToken is invalid.")


def no_such_group() -> ServiceError:
    return ServiceError("ResourceNotFoundException", "The specified log group does not exist.")


def no_such_stream() -> ServiceError:
    return ServiceError("ResourceNotFoundException", "The specified log stream does not exist.")
