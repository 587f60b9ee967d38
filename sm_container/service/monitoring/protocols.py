"""The three protocols in which clients of CloudWatch speak, the newest first.

Source: botocore's model, ``"protocols": ["smithy-rpc-v2-cbor", "json", "query"]``, and
``awsQueryCompatible``: errors of the first two have the third's code in a header.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

from starlette.requests import Request

from sm_container.service.account import Account
from sm_container.service.errors import ServiceError
from sm_container.service.monitoring.errors import SHAPES
from sm_container.service.operations import Api, Members
from sm_container.service.wire import cbor, json, query

_VERSION = "2010-08-01"
_NAMESPACE = f"http://monitoring.amazonaws.com/doc/{_VERSION}/"
_PATH = "/service/GraniteServiceVersion20100801/operation/"


class WireProtocol(Protocol):
    """How a client asks and is answered."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Those of every answer."""

    def question(self, request: Request, body: bytes) -> tuple[str, Members]:
        """The operation and its members. Raises ServiceError where they cannot be read."""

    def answer(self, operation: str, members: Members, request_id: str) -> bytes: ...

    def error(self, fault: ServiceError, request_id: str) -> bytes: ...


def protocol_of(request: Request, account: Account, api: Api) -> WireProtocol:
    """The protocol of a request, by its headers."""
    if request.headers.get("smithy-protocol") == cbor.PROTOCOL:
        return Cbor()
    if "x-amz-target" in request.headers:
        return Json()
    return Query(account, api)


class Cbor:
    """Smithy's RPC v2: the operation is in the path."""

    headers: ClassVar[Mapping[str, str]] = {
        "content-type": cbor.CONTENT_TYPE,
        "smithy-protocol": cbor.PROTOCOL,
    }

    def question(self, request: Request, body: bytes) -> tuple[str, Members]:
        path = request.url.path
        if not path.startswith(_PATH):
            raise ServiceError("UnknownOperationException", f"There is nothing at {path}", 404)
        return path.removeprefix(_PATH), cbor.parse(body)

    def answer(self, operation: str, members: Members, request_id: str) -> bytes:
        return cbor.answer(members)

    def error(self, fault: ServiceError, request_id: str) -> bytes:
        return cbor.error(_by_shape(fault))


class Json:
    """AWS JSON 1.0: the operation is in a header."""

    headers: ClassVar[Mapping[str, str]] = {"content-type": "application/x-amz-json-1.0"}

    def question(self, request: Request, body: bytes) -> tuple[str, Members]:
        return request.headers["x-amz-target"].rpartition(".")[2], json.parse(body)

    def answer(self, operation: str, members: Members, request_id: str) -> bytes:
        return json.answer(members)

    def error(self, fault: ServiceError, request_id: str) -> bytes:
        return json.error(_by_shape(fault))


@dataclass(frozen=True)
class Query:
    """Forms and XML: the operation is a value of the form."""

    account: Account
    api: Api

    headers: ClassVar[Mapping[str, str]] = {"content-type": query.CONTENT_TYPE}

    def question(self, request: Request, body: bytes) -> tuple[str, Members]:
        form = query.form_of(body)
        version = form.get("Version", _VERSION)
        if version != _VERSION:
            raise ServiceError("NoSuchVersion", f"The only Version is {_VERSION}")
        operation = form.get("Action", "")
        known = self.api.operations.get(operation)
        if known is None or known.shape is None:
            return operation, {}  # which the API refuses, naming those that there are
        return operation, query.parse(form, self.account.model(known.shape, self.api.model))

    def answer(self, operation: str, members: Members, request_id: str) -> bytes:
        model = self.account.model(f"{operation}Output", self.api.model)
        return query.answer(operation, members, model, _NAMESPACE, request_id)

    def error(self, fault: ServiceError, request_id: str) -> bytes:
        return query.error(fault, _NAMESPACE, request_id)


def _by_shape(fault: ServiceError) -> ServiceError:
    return replace(fault, code=SHAPES.get(fault.code, fault.code))
