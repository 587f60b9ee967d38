"""An amount of memory that is kept for others: bytes, or a share of what there is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_LEAST_OF_SYSTEM = 512 << 20
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?", re.IGNORECASE)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")


@dataclass(frozen=True)
class Reservation:
    """``size`` bytes and the ``share`` of all, of which one is 0."""

    size: int = 0
    share: Fraction = Fraction(0)

    @classmethod
    def parse(cls, text: str) -> Reservation:
        """Read ``536870912``, ``512m``, ``1.5 GiB`` (powers of 1024) or ``5%``.

        Raises ValueError with the forms that there are.
        """
        percent = _PERCENT.fullmatch(text.strip())
        if percent and Fraction(percent[1]) <= 100:
            return cls(share=Fraction(percent[1]) / 100)
        size = _SIZE.fullmatch(text.strip())
        if size is None:
            raise ValueError(f"{text!r} is no amount of memory; write bytes, 512m, 2g or 5%")
        return cls(size=int(Fraction(size[1]) * _UNITS[size[2].lower()]))

    def of(self, memory: int) -> int:
        """The bytes of it, out of ``memory`` bytes."""
        return self.size or int(memory * self.share)


def system_reservation(memory: int) -> int:
    """Bytes of ``memory`` to leave to the processes of the system, where nobody has said how many.

    The service keeps some for its own and says nowhere how much: 5 % and at least 512 MiB is this
    project's choice. Source: developer guide, "How Amazon SageMaker Runs Your Training Image".
    """
    return max(_LEAST_OF_SYSTEM, memory // 20)
