"""The service's name for a kind of value: Integer, Continuous, Categorical or FreeText.

Source: CreateAlgorithm, HyperParameterSpecification, Type and Range.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from sm_container.declaration.choices import Bounded, Either, LiteralOf, MemberOf
from sm_container.declaration.constraints import OneOf, Range
from sm_container.declaration.kinds import Boolean, Integer, Kind, Real
from sm_container.declaration.text import default_text

_VALUES = 30
_VALUE_LENGTH = 256
_INTEGER_END = 2**63 - 1


@dataclass(frozen=True)
class ServiceType:
    """A type of the service. ``ends`` are a range's, ``values`` a choice's, as the texts sent."""

    name: str
    ends: tuple[str, str] | None = None
    values: tuple[str, ...] = ()

    def range_document(self) -> dict[str, object] | None:
        """The Range member, None where there is no bound."""
        if self.values:
            return {"CategoricalParameterRangeSpecification": {"Values": list(self.values)}}
        if self.ends:
            least, most = self.ends
            return {
                f"{self.name}ParameterRangeSpecification": {"MinValue": least, "MaxValue": most}
            }
        return None


def service_type(kind: Kind, bound: Range | None = None) -> ServiceType:
    """The service's type for a kind; FreeText where only the container can check."""
    if isinstance(kind, Bounded):
        if isinstance(kind.bound, OneOf):
            return _categorical(kind.bound.values)
        return service_type(kind.kind, kind.bound)
    if isinstance(kind, Either) and len(kind.members) == 1:
        return service_type(kind.members[0], bound)
    if isinstance(kind, Integer):
        return ServiceType("Integer", _integer_ends(bound))
    if isinstance(kind, Real):
        return ServiceType("Continuous", _real_ends(bound))
    if isinstance(kind, Boolean):
        return _categorical((True, False))
    if isinstance(kind, LiteralOf):
        return _categorical(kind.values)
    if isinstance(kind, MemberOf):
        return _categorical(kind.enum)
    return ServiceType("FreeText")


def _categorical(values: Iterable[object]) -> ServiceType:
    texts = tuple(map(default_text, values))
    if len(texts) > _VALUES or any(len(text) > _VALUE_LENGTH or "\n" in text for text in texts):
        return ServiceType("FreeText")
    return ServiceType("Categorical", values=texts)


def _integer_ends(bound: Range | None) -> tuple[str, str] | None:
    if bound is None:
        return None
    least, most = (
        _INTEGER_END * (1 if end > 0 else -1) if math.isinf(end) else int(end)
        for end in (bound.min, bound.max)
    )
    return str(least), str(most)


def _real_ends(bound: Range | None) -> tuple[str, str] | None:
    if bound is None:
        return None
    least, most = (
        math.copysign(sys.float_info.max, end) if math.isinf(end) else end
        for end in (bound.min, bound.max)
    )
    return str(least), str(most)
