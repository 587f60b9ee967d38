"""The kinds that hold others: lists, tuples and dicts, as JSON or as Python literals."""

from __future__ import annotations

from dataclasses import dataclass

from sm_container.declaration.kinds import Kind, Mismatch
from sm_container.declaration.text import NotAValue, literal, unquoted


class _Container(Kind):
    """A kind whose text is one JSON value or Python literal."""

    def parse(self, text: str) -> object:
        try:
            value = literal(unquoted(text))
        except NotAValue:
            raise self.mismatch("write it as JSON") from None
        return self.convert(value)


@dataclass(frozen=True)
class ListOf(_Container):
    """A list; a Python tuple is taken for one."""

    item: Kind

    @property
    def expected(self) -> str:
        return f"a list, each item {self.item.expected}"

    def convert(self, value: object) -> list[object]:
        if not isinstance(value, (list, tuple)):
            raise self.mismatch()
        return [_converted(self, self.item, item, f"item {n}") for n, item in enumerate(value)]


@dataclass(frozen=True)
class TupleOf(_Container):
    """A tuple of fixed length, each place with its own kind."""

    items: tuple[Kind, ...]

    @property
    def expected(self) -> str:
        return f"a list of {len(self.items)}: {', '.join(item.expected for item in self.items)}"

    def convert(self, value: object) -> tuple[object, ...]:
        if not isinstance(value, (list, tuple)) or len(value) != len(self.items):
            raise self.mismatch()
        pairs = zip(self.items, value, strict=True)
        return tuple(
            _converted(self, kind, item, f"item {n}") for n, (kind, item) in enumerate(pairs)
        )


@dataclass(frozen=True)
class TupleOfAny(_Container):
    """A tuple of any length, all of one kind."""

    item: Kind

    @property
    def expected(self) -> str:
        return ListOf(self.item).expected

    def convert(self, value: object) -> tuple[object, ...]:
        return tuple(ListOf(self.item).convert(value))


@dataclass(frozen=True)
class MapOf(_Container):
    """A dict. JSON writes every key as text, so keys are read from it."""

    key: Kind
    value: Kind

    @property
    def expected(self) -> str:
        return f"an object, each key {self.key.expected}, each value {self.value.expected}"

    def convert(self, value: object) -> dict[object, object]:
        if not isinstance(value, dict):
            raise self.mismatch()
        return {
            _converted(self, self.key, key, f"key {n}"): _converted(
                self, self.value, item, f"value {n}"
            )
            for n, (key, item) in enumerate(value.items())
        }


def _converted(whole: Kind, part: Kind, value: object, where: str) -> object:
    try:
        return part.convert(value)
    except Mismatch as mismatch:
        raise whole.inside(mismatch, where) from None
