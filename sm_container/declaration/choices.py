"""The kinds that narrow others: enums, literals, unions, ranges and lists of choices."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from sm_container.declaration.constraints import OneOf, Range
from sm_container.declaration.kinds import Anything, Kind, Mismatch, Text
from sm_container.declaration.text import encoded, unquoted

_SHOWN = 12


@dataclass(frozen=True)
class MemberOf(Kind):
    """A member of an Enum, by its value, its name, or as ``str()`` shows it."""

    enum: type[Enum]

    @property
    def expected(self) -> str:
        return _one_of(member.value for member in self.enum)

    def parse(self, text: str) -> Enum:
        bare = unquoted(text)
        for spelling in (_by_value, _by_name, _by_qualified_name):
            for member in self.enum:
                if spelling(member) == bare:
                    return member
        return self._by_literal(bare)

    def _by_literal(self, text: str) -> Enum:
        value = Anything().parse(text)
        for member in self.enum:
            if _same(member.value, value):
                return member
        raise self.mismatch()

    def convert(self, value: object) -> Enum:
        if isinstance(value, self.enum):
            return value
        return self.parse(encoded(value))


def _by_value(member: Enum) -> str:
    return encoded(member.value)


def _by_name(member: Enum) -> str:
    return member.name


def _by_qualified_name(member: Enum) -> str:
    return f"{type(member).__name__}.{member.name}"


@dataclass(frozen=True)
class LiteralOf(Kind):
    """One of the values of a ``Literal``."""

    values: tuple[object, ...]

    @property
    def expected(self) -> str:
        return _one_of(self.values)

    def parse(self, text: str) -> object:
        bare = unquoted(text)
        for value in self.values:
            if encoded(value) == bare:
                return value
        return self.convert(Anything().parse(bare))

    def convert(self, value: object) -> object:
        for known in self.values:
            if _same(known, value):
                return known
        raise self.mismatch()


def _same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


def _one_of(values: Iterable[object]) -> str:
    shown = [repr(encoded(value)) for value in values]
    if len(shown) > _SHOWN:
        shown[_SHOWN:] = [f"... ({len(shown)} in all)"]
    return f"one of {', '.join(shown)}"


@dataclass(frozen=True)
class Either(Kind):
    """The first of several kinds that fits; text, which always fits, is tried last."""

    members: tuple[Kind, ...]
    optional: bool = False

    @property
    def expected(self) -> str:
        return " or ".join(dict.fromkeys(member.expected for member in self.members))

    def parse(self, text: str) -> object:
        if self.optional and text.strip() in ("None", "null"):
            return None
        # Quoted as one JSON string, it was text on the sender's side.
        text_first = unquoted(text) != text
        for member in sorted(self.members, key=lambda kind: is_text(kind) != text_first):
            try:
                return member.parse(text)
            except Mismatch as mismatch:
                last = mismatch
        raise last if len(self.members) == 1 else self.mismatch()

    def convert(self, value: object) -> object:
        if value is None and self.optional:
            return None
        for member in sorted(self.members, key=is_text):
            try:
                return member.convert(value)
            except Mismatch as mismatch:
                last = mismatch
        raise last if len(self.members) == 1 else self.mismatch()


@dataclass(frozen=True)
class Bounded(Kind):
    """A kind whose values lie in a range, or are among given ones."""

    kind: Kind
    bound: Range | OneOf

    @property
    def expected(self) -> str:
        if isinstance(self.bound, OneOf):
            return _one_of(self.bound.values)
        least, most = self.bound.min, self.bound.max
        ends = []
        if not math.isinf(least):
            ends.append(f"from {least}" if not math.isinf(most) else f"of at least {least}")
        if not math.isinf(most):
            ends.append(f"to {most}" if ends else f"of at most {most}")
        return " ".join([self.kind.expected, *ends])

    def parse(self, text: str) -> object:
        try:
            return self._checked(self.kind.parse(text))
        except Mismatch as mismatch:
            raise self._own(mismatch) from None

    def convert(self, value: object) -> object:
        try:
            return self._checked(self.kind.convert(value))
        except Mismatch as mismatch:
            raise self._own(mismatch) from None

    def _own(self, mismatch: Mismatch) -> Mismatch:
        return self.mismatch() if str(mismatch) == self.kind.expected else mismatch

    def _checked(self, value: object) -> object:
        allowed = self.bound.values if isinstance(self.bound, OneOf) else self.bound
        if value is not None and value not in allowed:
            raise self.mismatch()
        return value


def is_text(kind: Kind) -> bool:
    """Whether every text is a value of the kind, or it is bounded text."""
    return isinstance(unbounded(kind), Text)


def unbounded(kind: Kind) -> Kind:
    """The kind without its bounds."""
    while isinstance(kind, Bounded):
        kind = kind.kind
    return kind


def without_none(kind: Kind) -> Kind:
    """The kind of the values other than None, without bounds."""
    kind = unbounded(kind)
    if isinstance(kind, Either) and len(kind.members) == 1:
        return unbounded(kind.members[0])
    return kind
