"""What a container runs: the table of entry points and arguments.

Source: "How Amazon SageMaker Runs Your Training Image"; AlgorithmSpecification,
ContainerEntrypoint and ContainerArguments.
"""

from __future__ import annotations

from dataclasses import dataclass

from sm_container.harness.engines.engine import ContainerSpec, EngineError

DEFAULT_ARGUMENTS = ("train",)


@dataclass(frozen=True)
class Entry:
    """``entrypoint`` replaces the image's own where it is given; ``arguments`` follow either."""

    entrypoint: str | None
    arguments: tuple[str, ...]


def entry_of(spec: ContainerSpec) -> Entry:
    """The table: ``train`` stands only where the request names neither entry point nor arguments.

    An engine's ``--entrypoint`` takes one word, so the rest of a ContainerEntrypoint precedes the
    arguments, which gives the same argument vector.
    """
    if not spec.entrypoint:
        return Entry(None, spec.arguments or DEFAULT_ARGUMENTS)
    if not spec.entrypoint[0]:
        raise EngineError("ContainerEntrypoint begins with an empty string; name a program there")
    return Entry(spec.entrypoint[0], (*spec.entrypoint[1:], *(spec.arguments or ())))
