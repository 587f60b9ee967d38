"""Secrets that anybody finds who looks at an image: in its variables, in the steps that made it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sm_container.contract.redaction import holds_secret, is_secret

# What a shell puts in when the step runs, such as a secret that is mounted for it alone.
_EXPANSION = r"(?:\$\([^)]*\)|\$\{[^}]*\}|\$\w+|`[^`]*`)"
_PLACE = r"(?:file|path|dir|folder|store|helper)s?"
_HARMLESS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"""[\w.-]+\s*=\s*["']?{_EXPANSION}["']?""",
        r"""[\w.-]+=(?:""|'')?(?=\s|$)""",
        rf"""[\w.-]*{_PLACE}[= ]/[\w./-]*""",
        _EXPANSION,
    )
)
_OPTION = re.compile(r"""(?:^|[\s"'])--?([A-Za-z][\w-]*)[= ]["']?[^\s"'=-]""")
_PATH = re.compile(r"/[\w./-]*")
_OF_A_PLACE = re.compile(rf"{_PLACE}$", re.IGNORECASE)


def secret_variables(environment: Mapping[str, str]) -> list[str]:
    """The names of the variables that have a secret."""
    return [name for name, value in environment.items() if _has_secret(name, value)]


def has_secret(command: str) -> bool:
    """Whether the command of a step has a secret in it, and not only the name of one."""
    said = command
    for harmless in _HARMLESS:
        said = harmless.sub(" ", said)
    return holds_secret(said) or any(map(is_secret, _OPTION.findall(said)))


def _has_secret(name: str, value: str) -> bool:
    if not value.strip():
        return False
    if _OF_A_PLACE.search(name) and _PATH.fullmatch(value):
        return False  # it says where a secret will be
    return is_secret(name) or holds_secret(value)
