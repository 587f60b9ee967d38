"""The example's request asks for what its algorithm declares, and would be accepted."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

import pytest

from sm_container.declaration.specification import Specification, check
from sm_container.harness.request.build import Flags, build_document
from sm_container.harness.request.document import load_document
from sm_container.harness.request.parse import parse_request
from sm_container.harness.request.training_request import Document
from tests.examples.conftest import EXAMPLE


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("example_train", EXAMPLE / "train.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # annotations are looked up there
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def document() -> Document:
    written = load_document(EXAMPLE / "request.yaml")
    return build_document(Flags(target=str(EXAMPLE)), written, default_output="unused")


def test_it_is_accepted(document: Document) -> None:
    request = parse_request(document)

    assert request.image == str(EXAMPLE)
    assert [channel.name for channel in request.channels] == ["train", "validation"]


def test_it_fits_the_algorithm(document: Document, example: ModuleType) -> None:
    from sm_container.declaration.document import create_algorithm_document

    declared = create_algorithm_document(
        example.algorithm.declaration, image=document["AlgorithmSpecification"]["TrainingImage"]
    )

    assert check(Specification.from_document(declared, EXAMPLE / "train.py"), document) == []


def test_its_metric_definitions_are_the_generated_ones(
    document: Document, example: ModuleType
) -> None:
    generated = [each.to_document() for each in example.algorithm.declaration.metric_definitions]

    assert document["AlgorithmSpecification"]["MetricDefinitions"] == generated
