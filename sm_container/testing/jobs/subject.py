"""What a test runs: a declared algorithm, a program of this machine, or an image."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sm_container.algorithm.algorithm import Algorithm
from sm_container.declaration.document import create_algorithm_document
from sm_container.declaration.specification import Specification
from sm_container.harness.engines.detect import target_path
from sm_container.harness.engines.program import find_program
from sm_container.runtime.program import PROGRAM_VARIABLE

Target = Algorithm[Any] | str | os.PathLike[str]


class TargetError(ValueError):
    """What is to be run cannot be."""


@dataclass(frozen=True)
class Subject:
    """What is run. ``target`` is an image's reference or an absolute path, and ``algorithm`` is
    given where its function can be called in this process. ``specification`` is what is known of
    the algorithm's declaration."""

    name: str
    target: str
    algorithm: Algorithm[Any] | None = None
    specification: Specification | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Target) -> Subject:
        """What a test gave. A string is a path if it looks like one or is there, else an image.

        Raises:
            TargetError, EngineError: where there is no such program.
        """
        if isinstance(given, Algorithm):
            return _of_algorithm(given)
        path = Path(given) if isinstance(given, os.PathLike) else target_path(given)
        if path is None:
            assert isinstance(given, str)
            return cls(given.rpartition("/")[2].partition(":")[0], given)
        if not path.exists():
            raise TargetError(f"{given}: there is no such program or folder")
        program = find_program(path)
        return cls(program.stem, os.path.abspath(path))

    @property
    def is_image(self) -> bool:
        return not self.target.startswith("/")

    def as_program(self) -> Subject:
        """The same to be run as a process of its own.

        Raises:
            TargetError: for an algorithm that is no global variable of a module in a file.
        """
        if self.algorithm is None:
            return self
        module = sys.modules.get(self.algorithm.train_function.__module__)
        names = [name for name, value in vars(module).items() if value is self.algorithm]
        if not names or not self.target.endswith(".py"):
            raise TargetError(
                f"{self.name} has to run as a process of its own for this, and cannot: it is no "
                "global variable of a module. Declare it at the top of a file, or give the "
                "program's path instead"
            )
        reference = f"{Path(self.target).stem}:{names[0]}"
        return Subject(
            self.name,
            self.target,
            specification=self.specification,
            environment={PROGRAM_VARIABLE: reference},
        )


def _of_algorithm(algorithm: Algorithm[Any]) -> Subject:
    declaration = algorithm.declaration
    source = os.path.abspath(algorithm.train_function.__code__.co_filename)
    document = create_algorithm_document(declaration) if declaration.channels else None
    return Subject(
        declaration.name,
        source,
        algorithm,
        None if document is None else Specification.from_document(document, Path(source)),
    )
