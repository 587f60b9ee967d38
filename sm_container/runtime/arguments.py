"""Hyperparameters as command-line arguments that argparse and click can parse.

The form is sagemaker-training's (``--name value``, sorted by name, ``-n value`` for a name of one
character) but where that form cannot be parsed; docs/entry-point.md lists the differences.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from sm_container.runtime.configuration import decoded
from sm_container.runtime.fault import Fault

# What argparse takes for a number and not for an option. Source: argparse, ArgumentParser.
_NEGATIVE_NUMBER = re.compile(r"-\d+|-\d*\.\d+")


def to_arguments(written: Mapping[str, str]) -> list[str]:
    """The arguments of the hyperparameters ``written``, strings as they are in the file.

    Raises Fault for a hyperparameter without a name.
    """
    if "" in written:
        raise Fault(
            "a hyperparameter without a name cannot become an argument; name it in the request"
        )
    arguments: list[str] = []
    for name in sorted(written):
        option = f"-{name}" if len(name) == 1 else f"--{name}"
        value = _argument(written[name])
        if not value.startswith("-") or _NEGATIVE_NUMBER.fullmatch(value):
            arguments += [option, value]
        elif len(name) == 1:
            arguments.append(f"{option}{value}")
        else:  # argparse would take the value for an option
            arguments.append(f"{option}={value}")
    return arguments


def as_written(text: str, value: object) -> str | None:
    """A number's own text, None for what is not a number: 1.10 must not become 1.1."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return text.strip() if is_number else None


def to_json(value: object) -> str:
    """The compact JSON that SM_* variables are made of, keys sorted, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _argument(text: str) -> str:
    value = decoded(text)
    if value == text:
        value = _collection(text)
    number = as_written(text, value)
    if number is not None:
        return number
    if value is None:
        return ""
    if isinstance(value, dict) and _is_flat(value):
        return ",".join(f"{name}={item}" for name, item in sorted(value.items()))
    if isinstance(value, (dict, list)):
        return to_json(value)
    return str(value)


def _collection(text: str) -> Any:
    """The list or dict that a text is in Python's form, as the SDK's plain Estimator sends it."""
    if text.lstrip()[:1] in ("[", "(", "{"):
        from sm_container.declaration.python_literals import evaluated  # late: rarely needed

        try:
            value = evaluated(text)
            to_json(value)
        except (ValueError, TypeError, RecursionError):
            return text
        if isinstance(value, (list, tuple, dict)):
            return list(value) if isinstance(value, tuple) else value
    return text


def _is_flat(value: dict[str, Any]) -> bool:
    """Whether ``a=1,b=x`` says the same as the object."""
    return all(
        isinstance(item, (str, int, float)) and not set(f"{name}{item}") & {",", "="}
        for name, item in value.items()
    )
