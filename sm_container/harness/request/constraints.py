"""A document held against the service's model: every violation, in the service's sentences.

Types, required and unknown members, lengths, ranges, patterns and enums. botocore's own check
leaves out maxima, patterns and enums, so all of it is done here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sm_container.harness.request.extensions import LOCAL, Extensions
from sm_container.harness.request.model import ServiceModel, Shape
from sm_container.harness.request.patterns import matches
from sm_container.harness.request.wording import (
    NOT_NULL,
    display,
    element_path,
    enum_fault,
    fault,
    length_faults,
    likest,
    member_path,
    pattern_fault,
    string_constraints,
    value_faults,
)

_INTEGERS = {"integer": 31, "long": 63}
_NUMBERS = {
    "timestamp": "a number of seconds since the epoch",
    "float": "a number",
    "double": "a number",
}
_PATTERN_LIMIT = 8192
"""Characters; a value too long for the model and for this is not matched against its pattern."""
_UNKNOWN_SHOWN = 5

Requirements = Mapping[str, tuple[str, ...]]
"""Members, by name of their structure's shape, that are required beyond what the model says."""


@dataclass(frozen=True)
class Checked:
    """What came of a check: the faults, and the document with what had the right type.

    In `document`, members without a value, of the wrong type or unknown are left out, so that it
    can be read without looking at types again; a value that violates a constraint stands.
    """

    document: dict[str, Any]
    faults: tuple[str, ...]


def check(
    model: ServiceModel,
    document: Any,
    requirements: Requirements | None = None,
    extensions: Extensions = LOCAL,
) -> Checked:
    """Hold `document` against `model`, from its root shape down. `extensions` are accepted beyond
    the model."""
    walk = _Walk(model, requirements or {}, extensions)
    sound = walk.structure(model[model.root], document, "")
    return Checked(sound or {}, tuple(walk.faults))


@dataclass
class _Walk:
    """One pass over a document. Each method returns the sound value, or None and leaves a fault."""

    model: ServiceModel
    requirements: Requirements
    extensions: Extensions
    faults: list[str] = field(default_factory=list)

    def value(self, shape: Shape, value: Any, path: str) -> Any:
        if shape.type == "structure":
            return self.structure(shape, value, path)
        if shape.type == "list":
            return self.elements(shape, value, path)
        if shape.type == "map":
            return self.entries(shape, value, path)
        wrong = _type_fault(shape, value)
        if wrong:
            self.faults.append(fault(path, value, wrong))
            return None
        self.faults += [fault(path, value, each) for each in self.scalar_faults(shape, value)]
        return value

    def structure(self, shape: Shape, value: Any, path: str) -> dict[str, Any] | None:
        if not isinstance(value, Mapping):
            self.faults.append(fault(path or "request", value, "Member must be a mapping"))
            return None
        required = (*shape.required, *self.requirements.get(shape.name, ()))
        self._unknown(shape, value, path)
        sound: dict[str, Any] = {}
        for member, target in shape.members.items():
            given = value.get(member)
            below = member_path(path, member)
            if given is None:
                if member in required:
                    self.faults.append(fault(below, None, NOT_NULL))
                continue
            each = self.value(self.model[target], given, below)
            if each is not None:
                sound[member] = each
        return sound

    def elements(self, shape: Shape, value: Any, path: str) -> list[Any] | None:
        if not isinstance(value, list):
            self.faults.append(fault(path, value, "Member must be a list"))
            return None
        self.faults += [fault(path, value, each) for each in length_faults(shape, len(value))]
        member = self.model[str(shape.member)]
        looked_at = value[: shape.maximum]
        if member.type == "structure":
            return [
                self.value(member, each, element_path(path, index)) or {}
                for index, each in enumerate(looked_at)
            ]
        sound = []
        for index, each in enumerate(looked_at):
            wrong = _type_fault(member, each)
            if wrong:
                self.faults.append(fault(element_path(path, index), each, wrong))
            else:
                sound.append(each)
        bad = [each for each in sound if any(self.scalar_faults(member, each))]
        if bad:
            rules = f"Member must satisfy constraint: {string_constraints(member)}"
            self.faults.append(fault(path, bad, rules))
        return sound

    def entries(self, shape: Shape, value: Any, path: str) -> dict[str, str] | None:
        if not isinstance(value, Mapping):
            self.faults.append(fault(path, value, "Member must be a mapping"))
            return None
        self.faults += [fault(path, value, each) for each in length_faults(shape, len(value))]
        key_shape, value_shape = self.model[str(shape.key)], self.model[str(shape.value)]
        sound: dict[str, str] = {}
        wrong: dict[str, dict[Any, Any]] = {}  # entries of the wrong type, by what is said of them
        for key, each in islice(value.items(), shape.maximum):
            bad_key = _type_fault(key_shape, key)
            bad_value = NOT_NULL if each is None else _type_fault(value_shape, each)
            if bad_key:
                wrong.setdefault(f"Map keys must satisfy constraint: [{bad_key}]", {})[key] = each
            elif bad_value:
                rule = f"Map value must satisfy constraint: [{bad_value}]"
                wrong.setdefault(rule, {})[key] = each
            else:
                sound[key] = each
        self.faults += [fault(path, entries, rule) for rule, entries in wrong.items()]
        self._bad_entries(path, sound, key_shape, value_shape)
        return sound

    def _bad_entries(self, path: str, sound: Mapping[str, str], key: Shape, value: Shape) -> None:
        """The service's one sentence for all keys, and one for all values; only the bad shown."""
        bad_keys = {each: sound[each] for each in sound if any(self.scalar_faults(key, each))}
        if bad_keys:
            rules = f"Map keys must satisfy constraint: {string_constraints(key)}"
            self.faults.append(fault(path, bad_keys, rules))
        bad_values = {
            each: sound[each] for each in sound if any(self.scalar_faults(value, sound[each]))
        }
        if bad_values:
            rules = f"Map value must satisfy constraint: {string_constraints(value)}"
            self.faults.append(fault(path, bad_values, rules))

    def scalar_faults(self, shape: Shape, value: Any) -> Iterator[str]:
        """The constraints that a value of the right type violates."""
        if shape.type in _INTEGERS:
            yield from value_faults(shape, value)
        if shape.type != "string":
            return
        accepts = self.extensions.get(shape.name)
        if accepts is not None and accepts(value):
            return
        if shape.enum and value not in shape.enum:
            yield enum_fault(shape, value)
        too_long = shape.maximum is not None and len(value) > shape.maximum
        yield from length_faults(shape, len(value))
        if shape.pattern is None or (too_long and len(value) > _PATTERN_LIMIT):
            return
        if not matches(shape.pattern, value):
            yield pattern_fault(shape)

    def _unknown(self, shape: Shape, value: Mapping[Any, Any], path: str) -> None:
        unknown = [member for member in value if member not in shape.members]
        for member in unknown[:_UNKNOWN_SHOWN]:
            close = likest(str(member), tuple(shape.members), 1)
            hint = f"did you mean {close[0]}?" if close else "the service has no such member"
            self.faults.append(
                f"Unknown member '{display(member)}' at '{path or 'request'}': {hint}"
            )
        if len(unknown) > _UNKNOWN_SHOWN:
            rest = len(unknown) - _UNKNOWN_SHOWN
            self.faults.append(f"{rest} more unknown members at '{path or 'request'}'")


def _type_fault(shape: Shape, value: Any) -> str | None:
    if shape.type == "string":
        return _text_fault(value)
    if shape.type == "boolean":
        return None if isinstance(value, bool) else "Member must be true or false"
    if shape.type in _NUMBERS:
        sound = isinstance(value, (int, float)) and not isinstance(value, bool)
        return None if sound else f"Member must be {_NUMBERS[shape.type]}, without quotes"
    if shape.type in _INTEGERS:
        bits = _INTEGERS[shape.type]
        if not isinstance(value, int) or isinstance(value, bool):
            return "Member must be an integer, without quotes"
        return None if -(2**bits) <= value < 2**bits else f"Member must fit {bits + 1} bits"
    return f"Member must be of type {shape.type}, which this version does not know"


def _text_fault(value: Any) -> str | None:
    if not isinstance(value, str):
        scalar = isinstance(value, (bool, int, float)) or hasattr(value, "isoformat")
        return "Member must be a string" + (": write it in quotes" if scalar else "")
    try:
        value.encode()
    except UnicodeEncodeError:
        return "Member must be text: it holds half of a surrogate pair"
    return None
