"""What a test runs: a declared algorithm, a program of this machine, or an image."""

from __future__ import annotations

import inspect
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sm_container.algorithm.algorithm import Algorithm
from sm_container.contract.metrics import MetricDefinition
from sm_container.declaration.specification import Specification
from sm_container.harness.engines.detect import target_path
from sm_container.harness.engines.program import find_program
from sm_container.testing.jobs.declared import Declared, metrics_of, specification_of
from sm_container.testing.jobs.launcher import write_launcher

Target = Algorithm[Any] | str | os.PathLike[str]


class TargetError(ValueError):
    """What is to be run cannot be."""


@dataclass(frozen=True)
class Subject:
    """What is run. ``target`` is an image's reference or an absolute path, and ``algorithm`` is
    given where its function can be called in this process. ``specification`` and ``metrics`` are
    what is known of its declaration."""

    name: str
    target: str
    algorithm: Algorithm[Any] | None = None
    specification: Specification | None = None
    metrics: tuple[MetricDefinition, ...] = ()

    @classmethod
    def of(cls, given: Target, declared: Declared | None = None) -> Subject:
        """What a test gave. A string is a path if it looks like one or is there, else an image.
        ``declared`` says what a program or an image is declared to be.

        Raises:
            TargetError, EngineError: where there is no such program.
            ContractError, DocumentError: for a document that is not an algorithm's.
        """
        known = _known(given if declared is None and isinstance(given, Algorithm) else declared)
        if isinstance(given, Algorithm):
            return cls(given.declaration.name, _source_of(given), given, *known)
        path = Path(given) if isinstance(given, os.PathLike) else target_path(given)
        if path is None:
            assert isinstance(given, str)
            return cls(_name_of_image(given), given, None, *known)
        if not path.exists():
            raise TargetError(f"{given}: there is no such program or folder")
        program = find_program(path)
        return cls(program.stem, os.path.abspath(path), None, *known)

    @classmethod
    def without_program(cls, declared: Declared | None) -> Subject:
        """Nothing is run: what is known of a declaration is all that there is."""
        algorithm = declared if isinstance(declared, Algorithm) else None
        name = "opt-ml" if algorithm is None else algorithm.declaration.name
        return cls(name, "opt-ml", algorithm, *_known(declared))

    @property
    def is_image(self) -> bool:
        return not self.target.startswith("/")

    def as_program(self, folder: Path) -> Subject:
        """The same to be run as a process of its own; ``folder`` is for the program that starts it.

        Raises:
            TargetError: for an algorithm that is no global variable of a module in a file.
        """
        if self.algorithm is None:
            return self
        try:
            launcher = write_launcher(self.algorithm, folder)
        except LookupError as fault:
            raise TargetError(str(fault)) from None
        return replace(self, target=str(launcher), algorithm=None)


def require_image(target: Target, engine: str) -> None:
    """Raises TargetError for what an engine of images is asked to run, and is none."""
    subject = Subject.of(target)
    if not subject.is_image:
        raise TargetError(
            f"{subject.name} is no image and cannot run in {engine}: give an image, or leave "
            "engine= out"
        )


def _source_of(algorithm: Algorithm[Any]) -> str:
    """The file of the function that trains; this interpreter where it is in none."""
    code = getattr(inspect.unwrap(algorithm.train_function), "__code__", None)
    return sys.executable if code is None else os.path.abspath(code.co_filename)


def _known(
    declared: Declared | None,
) -> tuple[Specification | None, tuple[MetricDefinition, ...]]:
    return (None, ()) if declared is None else (specification_of(declared), metrics_of(declared))


def _name_of_image(reference: str) -> str:
    return reference.rpartition("/")[2].partition("@")[0].partition(":")[0]
