"""From a type annotation to the kind of its values."""

from __future__ import annotations

import math
import types
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from sm_container.declaration.choices import (
    Bounded,
    Either,
    LiteralOf,
    MemberOf,
    unbounded,
    without_none,
)
from sm_container.declaration.constraints import Name, OneOf, Range, Tunable
from sm_container.declaration.containers import ListOf, MapOf, TupleOf, TupleOfAny
from sm_container.declaration.errors import DeclarationError
from sm_container.declaration.kinds import Anything, Boolean, Integer, Kind, Mismatch, Real, Text

_SCALARS: dict[object, Kind] = {
    int: Integer(),
    float: Real(),
    bool: Boolean(),
    str: Text(),
    Any: Anything(),
    object: Anything(),
}
_SUPPORTED = (
    "use int, float, bool, str, list, dict, tuple, an Enum, Literal, Optional, or a union of these"
)


def kind_of(annotation: object) -> Kind:
    """The kind that an annotation declares; raises DeclarationError for one that has none."""
    annotation = _unaliased(annotation)
    if get_origin(annotation) is Annotated:
        inner, *extras = get_args(annotation)
        kind = kind_of(inner)
        for extra in extras:
            if isinstance(extra, type) and issubclass(extra, (Range, OneOf, Tunable, Name)):
                raise DeclarationError(f"write {extra.__name__}(...), not {extra.__name__}")
            if isinstance(extra, (Range, OneOf)):
                kind = _bounded(kind, extra)
        return kind
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return MemberOf(annotation)
    if get_origin(annotation) is Literal:
        return LiteralOf(get_args(annotation))
    if get_origin(annotation) in (Union, types.UnionType):
        return _union(get_args(annotation))
    return _container(annotation)


def _unaliased(annotation: object) -> object:
    """What a ``type X = ...`` statement (Python 3.12) stands for."""
    if type(annotation).__name__ == "TypeAliasType":
        return _unaliased(annotation.__value__)  # type: ignore[attr-defined]
    return annotation


def _union(members: tuple[object, ...]) -> Kind:
    others = tuple(kind_of(member) for member in members if member is not type(None))
    return Either(others, optional=len(others) < len(members))


def _container(annotation: object) -> Kind:
    origin = get_origin(annotation) or annotation
    arguments = get_args(annotation)
    if origin is list:
        return ListOf(kind_of(*arguments or (Any,)))
    if origin is dict:
        key, value = arguments or (Any, Any)
        return MapOf(kind_of(key), kind_of(value))
    if origin is tuple:
        if not arguments or arguments[1:] == (...,):
            return TupleOfAny(kind_of(arguments[0] if arguments else Any))
        return TupleOf(tuple(map(kind_of, arguments)))
    raise DeclarationError(f"{annotation!r} cannot be read from a hyperparameter: {_SUPPORTED}")


def _bounded(kind: Kind, bound: Range | OneOf) -> Kind:
    if isinstance(bound, OneOf):
        try:
            return Bounded(kind, OneOf(*map(kind.convert, bound.values)))
        except Mismatch as mismatch:
            raise DeclarationError(f"{bound}: each value must be {mismatch}") from None
    numbers = without_none(kind)
    if not isinstance(numbers, (Integer, Real)):
        raise DeclarationError(f"{bound} is for int and float, not for {unbounded(kind).expected}")
    if isinstance(numbers, Integer) and any(
        math.isfinite(end) and end != int(end) for end in (bound.min, bound.max)
    ):
        raise DeclarationError(f"{bound}: the ends of an integer's range must be integers")
    return Bounded(kind, bound)
