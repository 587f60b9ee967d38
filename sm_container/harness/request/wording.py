"""How values, paths and constraints are written in a fault: the service's own way.

Source: the messages of the service's ValidationException.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sm_container.contract.redaction import REDACTED, holds_secret, is_secret
from sm_container.harness.request.model import Shape

VALUE_LIMIT = 256
"""Characters of a value that a fault shows; the service shows them all."""
ENUM_LIMIT = 40
"""A longer set of words is not shown whole but by its likest members."""

NOT_NULL = "Member must not be null"


def fault(path: str, value: Any, constraint: str) -> str:
    """The service's sentence about one value; control characters in it are written as escapes."""
    shown = "null" if value is None else f"'{display(value)}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def unsupported(path: str, instead: str, value: Any = None) -> str:
    """The sentence for what the service can do and this version cannot."""
    what = f"'{path}'" if value is None else f"Value '{display(value)}' at '{path}'"
    return f"{what} is not supported by this version: {instead}"


def member_path(above: str, member: str) -> str:
    """``resourceConfig.instanceType`` from ``resourceConfig`` and ``InstanceType``."""
    lowered = member[:1].lower() + member[1:]
    return f"{above}.{lowered}" if above else lowered


def element_path(above: str, index: int) -> str:
    """``inputDataConfig.1.member`` from ``inputDataConfig`` and 0: the service counts from one."""
    return f"{above}.{index + 1}.member"


def length_faults(shape: Shape, length: int) -> Iterator[str]:
    if shape.maximum is not None and length > shape.maximum:
        yield f"Member must have length less than or equal to {shape.maximum}"
    if shape.minimum is not None and length < shape.minimum:
        yield f"Member must have length greater than or equal to {shape.minimum}"


def value_faults(shape: Shape, number: int) -> Iterator[str]:
    if shape.maximum is not None and number > shape.maximum:
        yield f"Member must have value less than or equal to {shape.maximum}"
    if shape.minimum is not None and number < shape.minimum:
        yield f"Member must have value greater than or equal to {shape.minimum}"


def pattern_fault(shape: Shape) -> str:
    return f"Member must satisfy regular expression pattern: {shape.pattern}"


def enum_fault(shape: Shape, value: str) -> str:
    words = ", ".join(shape.enum)
    if len(shape.enum) > ENUM_LIMIT:
        words = ", ".join([*likest(value, shape.enum), f"... {len(shape.enum)} in all"])
    return f"Member must satisfy enum value set: [{words}]"


def string_constraints(shape: Shape) -> str:
    """All that a string must satisfy, as the service lists it for the entries of a map or list."""
    rules = []
    if shape.enum:
        rules.append(enum_fault(shape, ""))
    if shape.maximum is not None:
        rules.append(f"Member must have length less than or equal to {shape.maximum}")
    if shape.minimum is not None:
        rules.append(f"Member must have length greater than or equal to {shape.minimum}")
    if shape.pattern is not None:
        rules.append(pattern_fault(shape))
    return f"[{', '.join(rules)}]"


def likest(word: str, words: Sequence[str], count: int = 3) -> list[str]:
    """Those of `words` that `word` may have been meant to be, the likest first."""
    from difflib import get_close_matches

    folded = {each.lower(): each for each in words}
    sought = word.lower()[:VALUE_LIMIT]
    close = get_close_matches(sought, folded, count, 0.6)
    return [folded[each] for each in sorted(close, key=lambda each: sought not in each)]


def display(value: Any) -> str:
    """A value as Java prints it, cut at `VALUE_LIMIT`, on one line and without secrets."""
    shown: list[str] = []
    length = 0
    for part in _parts(value, 0):
        shown.append(part)
        length += len(part)
        if length > VALUE_LIMIT:
            break
    text = "".join(shown)
    if len(text) > VALUE_LIMIT:
        text = text[:VALUE_LIMIT] + "..."
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


def _parts(value: Any, depth: int) -> Iterator[str]:
    """Lazily, since a value may be huge, or hold itself."""
    if isinstance(value, str):
        yield REDACTED if holds_secret(value[: 4 * VALUE_LIMIT]) else value[: VALUE_LIMIT + 1]
    elif isinstance(value, bool):
        yield "true" if value else "false"
    elif value is None:
        yield "null"
    elif depth > 8:
        yield "..."
    elif isinstance(value, Mapping):
        yield "{"
        for position, (key, each) in enumerate(value.items()):
            yield (", " if position else "") + str(key)[:VALUE_LIMIT] + "="
            if isinstance(key, str) and is_secret(key):
                yield REDACTED
            else:
                yield from _parts(each, depth + 1)
        yield "}"
    elif isinstance(value, (list, tuple)):
        yield "["
        for position, each in enumerate(value):
            yield ", " if position else ""
            yield from _parts(each, depth + 1)
        yield "]"
    else:
        yield _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, int) and abs(value) >= 10**40:
        return "a number of more than 40 digits"  # Python may refuse to write it out
    return str(value)[: VALUE_LIMIT + 1]
