"""An author's dataclass as the declaration of hyperparameters, and its reading from strings.

Source: CreateTrainingJob, HyperParameters (a map from strings to strings).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from sm_container.declaration.annotations import kind_of
from sm_container.declaration.constraints import Name, Tunable
from sm_container.declaration.errors import DeclarationError, Fault, HyperparameterError
from sm_container.declaration.kinds import Kind, Mismatch
from sm_container.declaration.service_types import service_type

H = TypeVar("H")

TUNING_OBJECTIVE = "_tuning_objective_metric"
_TOOLKIT_PREFIX = "sagemaker_"


class UnknownPolicy(Enum):
    """What becomes of a hyperparameter that nobody declared."""

    REFUSE = "refuse"
    """The job fails, with the name that was probably meant."""
    WARN = "warn"
    """A line in the log; training goes on without it."""
    IGNORE = "ignore"
    """Training goes on without it."""


@dataclasses.dataclass(frozen=True)
class Hyperparameter:
    """One declared hyperparameter. ``default`` is a value, and means nothing if ``required``."""

    name: str
    field: str
    kind: Kind
    required: bool
    default: object = None
    tunable: Tunable | None = None
    description: str = ""


def is_reserved(name: str) -> bool:
    """Whether the service or a toolkit sends this name beside those that are declared."""
    return name == TUNING_OBJECTIVE or name.startswith(_TOOLKIT_PREFIX)


def declared(cls: type) -> tuple[Hyperparameter, ...]:
    """The hyperparameters that a dataclass declares, in its order.

    A field without a default is required; a bare string in its ``Annotated`` describes it.
    Raises DeclarationError where a field cannot be a hyperparameter, or its default is none of
    its values.
    """
    if not (isinstance(cls, type) and dataclasses.is_dataclass(cls)):
        raise DeclarationError(f"hyperparameters must be a dataclass, not {cls!r}")
    try:
        hints = get_type_hints(cls, include_extras=True)
    except NameError as error:
        raise DeclarationError(
            f"{cls.__qualname__}: {error}; annotations must name what its module defines"
        ) from error
    found = tuple(
        _declared(cls, field, hints[field.name]) for field in dataclasses.fields(cls) if field.init
    )
    names = [hyperparameter.name for hyperparameter in found]
    for name in names:
        if names.count(name) > 1:
            raise DeclarationError(f"{cls.__qualname__}: two fields have the name {name!r}")
    return found


def _declared(cls: type, field: dataclasses.Field[Any], annotation: object) -> Hyperparameter:
    where = f"{cls.__qualname__}.{field.name}"
    try:
        kind = kind_of(annotation)
    except DeclarationError as error:
        raise DeclarationError(f"{where}: {error}") from None
    name, tunable, description = field.name, None, ""
    for extra in get_args(annotation)[1:] if get_origin(annotation) is Annotated else ():
        if isinstance(extra, Name):
            name = extra.name
        elif isinstance(extra, Tunable):
            tunable = extra
        elif isinstance(extra, str):
            description = extra
    if tunable and service_type(kind).name == "FreeText":
        raise DeclarationError(f"{where}: a tuning job cannot search {kind.expected}")
    required, default = _default(field)
    if not required:
        try:
            kind.convert(default)
        except Mismatch as mismatch:
            raise DeclarationError(f"{where}: its default must be {mismatch}") from None
    return Hyperparameter(name, field.name, kind, required, default, tunable, description)


def _default(field: dataclasses.Field[Any]) -> tuple[bool, object]:
    """Whether a value is required, and the default where it is not."""
    if field.default is not dataclasses.MISSING:
        return False, field.default
    if field.default_factory is not dataclasses.MISSING:
        return False, field.default_factory()
    return True, None


def parse(
    cls: type[H], strings: Mapping[str, str], unknown: UnknownPolicy = UnknownPolicy.REFUSE
) -> H:
    """Make the dataclass from the strings of a job.

    Raises one HyperparameterError with every fault of the set: values that do not fit, names
    that are missing and, by the policy, names that nobody declared. A ValueError of the
    dataclass's own ``__post_init__`` is a fault too.
    """
    specifications = declared(cls)
    values: dict[str, object] = {}
    faults: list[Fault] = []
    for hyperparameter in specifications:
        text = strings.get(hyperparameter.name)
        if text is not None:
            try:
                values[hyperparameter.field] = hyperparameter.kind.parse(text)
            except Mismatch as mismatch:
                faults.append(Fault(hyperparameter.name, text, f"must be {mismatch}"))
        elif hyperparameter.required:
            expected = f"is required and must be {hyperparameter.kind.expected}"
            faults.append(Fault(hyperparameter.name, None, expected))
    faults += _unknown(specifications, strings, unknown)
    if faults:
        raise HyperparameterError(faults)
    try:
        return cls(**values)
    except ValueError as error:
        raise HyperparameterError([Fault(cls.__name__, None, f"refuses: {error}")]) from error


def _unknown(
    specifications: tuple[Hyperparameter, ...], strings: Mapping[str, str], policy: UnknownPolicy
) -> Iterator[Fault]:
    """The faults of names that are not declared; a warning on the log instead, or nothing."""
    known = [hyperparameter.name for hyperparameter in specifications]
    surplus = [name for name in strings if name not in known and not is_reserved(name)]
    if not surplus or policy is UnknownPolicy.IGNORE:
        return
    import difflib

    for name in surplus:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"declared: {', '.join(known) or 'none'}"
        fault = Fault(name, None, f"is not a hyperparameter of this algorithm; {hint}")
        if policy is UnknownPolicy.REFUSE:
            yield fault
        else:
            import logging

            logging.getLogger("sm_container").warning("%s: ignored", fault)
