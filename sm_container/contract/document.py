"""A JSON file of the tree: read with its faults named, written as the service writes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from sm_container.contract.errors import ContractError

_BY_THE_SERVICE = "the service writes this file itself: write it in the service's form"


def read_document(path: Path) -> Any:
    """Read one JSON document; raises ContractError if it is missing, unreadable or not JSON."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ContractError(
            path,
            "is missing",
            "outside a training container set SAGEMAKER_BASE_DIR to a folder that holds the tree",
        ) from None
    except OSError as error:
        raise ContractError(
            path, f"cannot be read ({error.strerror})", "make it a readable file"
        ) from error
    try:
        return json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ContractError(path, f"is not JSON ({error})", _BY_THE_SERVICE) from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def write_document(path: Path, document: Any) -> None:
    """Write one JSON document in the service's byte form: compact, UTF-8, mode 644."""
    path.write_bytes(encoded(document))
    path.chmod(0o644)


def encoded(document: Any) -> bytes:
    """The service's byte form of a document: compact, in UTF-8."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # A lone surrogate has no UTF-8 form; \udXXX is both its Python and its JSON escape.
    return text.encode("utf-8", "backslashreplace")


class Fields:
    """The members of one JSON object, taken one by one; faults name the member.

    What nobody took is in ``rest()``: it is kept and written back.
    """

    def __init__(self, document: object, path: Path, where: str = "") -> None:
        self._path = path
        self._where = where
        if not isinstance(document, dict):
            self.refuse("", "an object", document)
        self._members: dict[str, Any] = dict(document)

    def refuse(self, name: str, expected: str, value: object) -> NoReturn:
        """Raise the ContractError for one member that is not what it must be."""
        where = ".".join(part for part in (self._where, name) if part) or "the document"
        where = where if where.isprintable() else repr(where)
        shown = json.dumps(value, default=str)
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        raise ContractError(
            self._path, f"{where} must be {expected} but is {shown}", _BY_THE_SERVICE
        )

    def text(self, name: str) -> str:
        """A string that must be there."""
        value = self._members.pop(name, None)
        if not isinstance(value, str):
            self.refuse(name, "a string", value)
        return value

    def optional_text(self, name: str) -> str | None:
        """A string, or None where the member is absent or null."""
        value = self._members.pop(name, None)
        if value is not None and not isinstance(value, str):
            self.refuse(name, "a string", value)
        return value

    def integer(self, name: str) -> int:
        """An integer that must be there."""
        value = self._members.pop(name, None)
        if not isinstance(value, int) or isinstance(value, bool):
            self.refuse(name, "an integer", value)
        return value

    def flag(self, name: str, default: bool) -> bool:
        """A boolean, ``default`` where the member is absent."""
        value = self._members.pop(name, default)
        if not isinstance(value, bool):
            self.refuse(name, "true or false", value)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings that must be there."""
        value = self._members.pop(name, None)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.refuse(name, "a list of strings", value)
        return tuple(value)

    def optional_texts(self, name: str) -> tuple[str, ...] | None:
        """A list of strings, or None where the member is absent or null."""
        if self._members.get(name) is None:
            self._members.pop(name, None)
            return None
        return self.texts(name)

    def objects(self, name: str) -> tuple[Fields, ...]:
        """A list of objects, empty where the member is absent or null."""
        value = self._members.pop(name, None) or []
        if not isinstance(value, list):
            self.refuse(name, "a list of objects", value)
        return tuple(
            Fields(item, self._path, f"{self._where}{name}[{index}]")
            for index, item in enumerate(value)
        )

    def nested(self, name: str) -> Fields:
        """An object that must be there."""
        where = f"{self._where}.{name}" if self._where else name
        return Fields(self._members.pop(name, None), self._path, where)

    def optional_nested(self, name: str) -> Fields | None:
        """An object, or None where the member is absent or null."""
        if self._members.get(name) is None:
            self._members.pop(name, None)
            return None
        return self.nested(name)

    def peek(self, name: str) -> object:
        """A member's value, left where it is; None where it is absent."""
        return self._members.get(name)

    def names(self) -> tuple[str, ...]:
        """The names of the members not yet taken, in the document's order."""
        return tuple(self._members)

    def rest(self) -> dict[str, Any]:
        """The members that nobody took."""
        return dict(self._members)


def without_none(members: Mapping[str, Any]) -> dict[str, Any]:
    """The members that are set: the service leaves the others out."""
    return {name: value for name, value in members.items() if value is not None}
