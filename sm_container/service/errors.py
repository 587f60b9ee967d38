"""The errors that the services answer with: a code, a sentence, an HTTP status.

Source: each API's reference, "Errors"; "Common Errors".
"""

from __future__ import annotations

from dataclasses import dataclass

VALIDATION = "ValidationException"


@dataclass
class ServiceError(Exception):
    """What is wrong with a request, as a client gets it.

    ``is_declared`` is for the exceptions that an operation's own model lists, which carry their
    sentence in ``Message``; those that all operations have in common carry it in ``message``.
    """

    code: str
    message: str
    status: int = 400
    is_declared: bool = False

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def invalid(message: str) -> ServiceError:
    """A request that is not valid."""
    return ServiceError(VALIDATION, message)


def declared(code: str, message: str) -> ServiceError:
    """An exception that the operation's model lists: ResourceInUse and its like."""
    return ServiceError(code, message, is_declared=True)
