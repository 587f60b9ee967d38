"""What a service can do: operations by name, each held against the API's own model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sm_container.harness.request import constraints
from sm_container.harness.request.errors import RequestError
from sm_container.harness.request.extensions import NONE
from sm_container.service.account import Account
from sm_container.service.errors import VALIDATION, ServiceError

Members = dict[str, Any]
Handler = Callable[[Account, Members], Members]


@dataclass(frozen=True)
class Operation:
    """``handle`` gets the members of a request that suits the model's structure ``shape``; without
    one it gets what came, and checks it itself."""

    handle: Handler
    shape: str | None = None


@dataclass(frozen=True)
class Api:
    """A service: its name, its name in botocore, and its operations; ``invalid`` is the code that
    it answers with where a request does not suit its model."""

    name: str
    model: str
    operations: Mapping[str, Operation]
    invalid: str = VALIDATION

    def call(self, account: Account, operation: str, members: Members) -> Members:
        """Answer a request.

        Raises:
            ServiceError: where the service would answer with an error.
        """
        found = self.operations.get(operation)
        if found is None:
            raise ServiceError(
                "UnknownOperationException",
                f"{operation or 'A request without an operation'} is not answered here; of "
                f"{self.name} there are: {', '.join(self.operations)}",
            )
        if found.shape is not None:
            checked = constraints.check(
                account.model(found.shape, self.model), members, extensions=NONE
            )
            if checked.faults:
                error = RequestError(checked.faults, constraints=len(checked.faults))
                raise ServiceError(self.invalid, str(error))
            members = checked.document
        return found.handle(account, members)
