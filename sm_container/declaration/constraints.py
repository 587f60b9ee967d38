"""What may stand beside a type in ``Annotated``: the bounds of a hyperparameter."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sm_container.declaration.errors import DeclarationError

SCALES = ("Auto", "Linear", "Logarithmic", "ReverseLogarithmic")


@dataclass(frozen=True)
class Range:
    """A number from ``min`` to ``max``, both included; infinite ends are open ends.

    Source: CreateAlgorithm, HyperParameterSpecification, Range.
    """

    min: float
    max: float

    def __post_init__(self) -> None:
        if math.isnan(self.min) or math.isnan(self.max) or self.min > self.max:
            raise DeclarationError(f"{self}: the first must not be above the second, nor nan")

    def __contains__(self, value: object) -> bool:
        return isinstance(value, (int, float)) and self.min <= value <= self.max

    def __str__(self) -> str:
        return f"Range({self.min}, {self.max})"


@dataclass(frozen=True, init=False)
class OneOf:
    """One of the given values. Source: HyperParameterSpecification, CategoricalParameterRange."""

    values: tuple[object, ...]

    def __init__(self, *values: object) -> None:
        if not values:
            raise DeclarationError("OneOf() needs at least one value")
        object.__setattr__(self, "values", values)


@dataclass(frozen=True)
class Tunable:
    """A tuning job may search it, on this scale.

    Source: HyperParameterSpecification, IsTunable; CreateHyperParameterTuningJob, ScalingType.
    """

    scale: str = "Auto"

    def __post_init__(self) -> None:
        if self.scale not in SCALES:
            raise DeclarationError(f"Tunable(scale={self.scale!r}): use {', '.join(SCALES)}")


@dataclass(frozen=True)
class Name:
    """The hyperparameter's name where it cannot be the field's: ``lambda``, ``learning-rate``."""

    name: str

    def __post_init__(self) -> None:
        if not 1 <= len(self.name) <= 256 or "\n" in self.name:
            raise DeclarationError(f"Name({self.name!r}): use 1 to 256 characters, no newline")
