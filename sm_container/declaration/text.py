"""The text forms in which SDKs send values: JSON, and what Python's ``str()`` makes."""

from __future__ import annotations

import json
from enum import Enum


class NotAValue(ValueError):
    """The text is neither JSON nor a Python literal."""


def unquoted(text: str) -> str:
    """The text, or the string inside where the whole of it is one JSON string.

    The SDK's framework estimators encode every value as JSON, so their strings come quoted.
    """
    stripped = text.strip()
    if len(stripped) < 2 or stripped[0] != '"' or stripped[-1] != '"':
        return text
    try:
        inside = json.loads(stripped)
    except ValueError:
        return text
    return inside if isinstance(inside, str) else text


def literal(text: str) -> object:
    """The value of a text that is JSON or a Python literal; raises NotAValue.

    The SDK's plain Estimator sends ``str(value)``, which for lists and dicts is Python's form.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    from sm_container.declaration.python_literals import evaluated

    try:
        return evaluated(text)
    except ValueError as error:
        raise NotAValue(text) from error


def encoded(value: object) -> str:
    """The text of a plain value as the SDK's ``str()`` or JSON gives it."""
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(value)
    return str(value)


def default_text(value: object) -> str:
    """The text from which a declared kind reads the same value again."""
    plain = _plain(value)
    if isinstance(plain, str) and (unquoted(plain) != plain or plain.strip() in ("None", "null")):
        return json.dumps(plain)
    return encoded(plain)


def _plain(value: object) -> object:
    """The value in what JSON knows."""
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, dict):
        return {_key(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _key(key: object) -> str:
    return encoded(_plain(key))
