"""The kinds of value that a hyperparameter can have, and how each is read from a string.

``parse`` reads a hyperparameter's text, ``convert`` takes a value that stands inside a list or
a dict, or a default. Both raise Mismatch, which says what was expected and echoes no value.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from typing import ClassVar

from sm_container.declaration.text import NotAValue, literal, unquoted

_TRUE = frozenset({"true", "1", "yes", "y", "on", "t"})
_FALSE = frozenset({"false", "0", "no", "n", "off", "f"})
_INTEGER = re.compile(r"[+-]?[0-9]{1,4000}")
_NUMBER = re.compile(
    r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|inf|infinity|nan)", re.IGNORECASE
)
_EXACT = 2**53  # up to here every integer is a float of its own


class Mismatch(ValueError):
    """The value is not of the kind; the message completes "must be ...".

    Inside a list or a dict, ``where`` says which part it was and ``part`` what that must be.
    """

    def __init__(self, expected: str, where: str = "", part: str = "") -> None:
        super().__init__(f"{expected} ({where} must be {part})" if where else expected)
        self.where = where
        self.part = part or expected


class Kind(ABC):
    """How the values of one type are read."""

    @property
    @abstractmethod
    def expected(self) -> str:
        """What completes "must be ..."."""

    @abstractmethod
    def parse(self, text: str) -> object:
        """The value of a hyperparameter's text; raises Mismatch."""

    @abstractmethod
    def convert(self, value: object) -> object:
        """The value, if it is of this kind or stands for one that is; raises Mismatch."""

    def mismatch(self, detail: str = "") -> Mismatch:
        return Mismatch(f"{self.expected} ({detail})" if detail else self.expected)

    def inside(self, mismatch: Mismatch, where: str) -> Mismatch:
        """The Mismatch of the whole, where a part of it was at fault."""
        inner = f"{mismatch.where} of {where}" if mismatch.where else where
        return Mismatch(self.expected, inner, mismatch.part)


class Integer(Kind):
    """An integer. ``32.0`` and ``1e3`` are integers too: tools write them so."""

    expected: ClassVar[str] = "an integer"

    def parse(self, text: str) -> int:
        bare = unquoted(text).strip()
        if _INTEGER.fullmatch(bare):
            return int(bare)
        # The float bounds what Decimal would otherwise write out digit by digit.
        if not _NUMBER.fullmatch(bare) or not abs(float(bare)) <= _EXACT:
            raise self.mismatch()
        from decimal import Decimal

        number = int(Decimal(bare))
        if number != Decimal(bare):
            raise self.mismatch()
        return number

    def convert(self, value: object) -> int:
        if isinstance(value, str):
            return self.parse(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, float) and value.is_integer():
            return int(value)
        raise self.mismatch()


class Real(Kind):
    """A float. ``inf`` and ``nan`` are floats as well; a Range keeps them out."""

    expected: ClassVar[str] = "a number"

    def parse(self, text: str) -> float:
        bare = unquoted(text).strip()
        if not _NUMBER.fullmatch(bare):
            raise self.mismatch()
        return self._finite_as_written(float(bare), bare)

    def _finite_as_written(self, number: float, text: str) -> float:
        if math.isinf(number) and "inf" not in text.lower():
            raise self.mismatch("it is too large for a float")
        return number

    def convert(self, value: object) -> float:
        if isinstance(value, str):
            return self.parse(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            try:
                return float(value)
            except OverflowError:
                raise self.mismatch("it is too large for a float") from None
        raise self.mismatch()


class Boolean(Kind):
    """A boolean, in every spelling that an SDK or a hand writes."""

    expected: ClassVar[str] = "true or false"

    def parse(self, text: str) -> bool:
        word = unquoted(text).strip().lower()
        if word not in _TRUE | _FALSE:
            raise self.mismatch()
        return word in _TRUE

    def convert(self, value: object) -> bool:
        if isinstance(value, (bool, int, str)):
            return self.parse(str(value))
        raise self.mismatch()


class Text(Kind):
    """Text, as it came; only the quotes of a value that is one JSON string are taken off."""

    expected: ClassVar[str] = "text"

    def parse(self, text: str) -> str:
        return unquoted(text)

    def convert(self, value: object) -> str:
        if isinstance(value, str):
            return value
        raise self.mismatch("put it in quotes")


class Anything(Kind):
    """What the text says: a JSON value or a Python literal, else the text itself."""

    expected: ClassVar[str] = "any value"

    def parse(self, text: str) -> object:
        try:
            return literal(text)
        except NotAValue:
            return text

    def convert(self, value: object) -> object:
        return value
