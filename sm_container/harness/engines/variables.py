"""How variables reach a container: openly on the command line, secrets by a way that ``ps`` does
not show.

A request's variables are never put into the environment of the engine's command: there a name
such as LD_PRELOAD or DOCKER_HOST would act on this machine.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from sm_container.contract.redaction import holds_secret, is_secret
from sm_container.harness.engines.engine import EngineError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
# A line of an env file is taken as it stands by every version of both engines, if it has none of
# these: quotes are read by some podman versions, and a line feed or carriage return ends it.
_PLAIN_VALUE = re.compile(
    r"[^\s'\"`\\\x00-\x1f\x7f](?:[^'\"`\\\x00-\x1f\x7f]*[^\s'\"`\\\x00-\x1f\x7f])?\Z"
)


@dataclass(frozen=True)
class Variables:
    """A container's variables, by the way that each goes."""

    open: Mapping[str, str]
    secret: Mapping[str, str]

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Variables:
        """Raises :class:`EngineError` where a variable cannot reach a container."""
        for name, value in environment.items():
            if not _NAME.match(name):
                raise EngineError(f"{name!r} is not a variable's name: letters, digits and _")
            if "\0" in value:
                raise EngineError(f"the variable {name} holds a NUL")
        secret = {
            name: value
            for name, value in environment.items()
            if value and (is_secret(name) or holds_secret(value))
        }
        return cls({n: v for n, v in environment.items() if n not in secret}, secret)

    def shown(self) -> list[str]:
        """The words of a command to be read by a person: secrets by their name alone."""
        words = [f"{name}={value}" for name, value in self.open.items()]
        return [word for item in [*words, *self.secret] for word in ("--env", item)]

    @contextmanager
    def passed(self) -> Iterator[tuple[list[str], dict[str, str], list[int]]]:
        """The words of the command to be run, the variables and descriptors that it needs."""
        words = [word for n, v in self.open.items() for word in ("--env", f"{n}={v}")]
        lines = {n: v for n, v in self.secret.items() if _PLAIN_VALUE.match(v)}
        inherited = {n: v for n, v in self.secret.items() if n not in lines}
        for name in inherited:
            if not is_secret(name) or name.startswith(("LD_", "DOCKER_", "CONTAINER", "REGISTRY_")):
                raise EngineError(
                    f"the variable {name} holds a secret with a quote, a backslash or a line "
                    "break, which cannot be handed over unseen; encode it"
                )
            words += ["--env", name]
        if not lines:
            yield words, inherited, []
            return
        descriptor = os.memfd_create("variables")
        try:
            os.write(descriptor, "".join(f"{n}={v}\n" for n, v in lines.items()).encode())
            yield [*words, "--env-file", f"/proc/self/fd/{descriptor}"], inherited, [descriptor]
        finally:
            os.close(descriptor)
